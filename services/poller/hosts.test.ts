import { expect, test } from 'vitest'
import type { Source } from '#sources/source.ts'
import { hostsOf } from './hosts.ts'

const budget = { perMinute: 100, burst: 2, refillPerMinute: 96, maxInFlight: 8 }
const source = (name: string, address: string, more: Partial<Source> = {}, ofBudget = budget) =>
  ({
    name,
    upstream: { baseUrl: { default: address, setting: `${name.toUpperCase()}_BASE_URL` }, budget: ofBudget },
    datasets: [{ name: `${name}.x` }],
    ...more,
  }) as Source

test('a source is asked at its own address, or at the one that replaces it', () => {
  const sources = [source('one', 'https://one.example/api/'), source('two', 'https://two.example')]
  const hosts = hostsOf(sources, { TWO_BASE_URL: 'http://127.0.0.1:4000/' }, new Set())
  expect(hosts.map(({ name, datasets }) => [name, datasets[0]?.baseUrl, datasets[0]?.source])).toEqual([
    ['one.example', 'https://one.example/api', 'one'],
    ['127.0.0.1:4000', 'http://127.0.0.1:4000', 'two'],
  ])
})

test('sources at one host share one budget, the strictest', () => {
  const strict = { perMinute: 50, burst: 5, refillPerMinute: 40, maxInFlight: 3 }
  const hosts = hostsOf(
    [source('one', 'https://a.example'), source('two', 'https://a.example/x', {}, strict)],
    {},
    new Set(),
  )
  expect(hosts.length).toBe(1)
  expect(hosts[0]).toMatchObject({
    name: 'a.example',
    budget: { perMinute: 50, burst: 2, refillPerMinute: 40, maxInFlight: 3 },
  })
  expect(hosts[0]?.datasets.map(({ dataset }) => dataset.name)).toEqual(['one.x', 'two.x'])
})

test('a dataset that is off is not asked for, but its host knows of it', () => {
  const datasets = [{ name: 'one.x' }, { name: 'one.y' }] as Source['datasets']
  const hosts = hostsOf([source('one', 'https://one.example', { datasets })], {}, new Set(['one.x']))
  expect(hosts.map(({ datasets }) => datasets.map(({ dataset }) => dataset.name))).toEqual([['one.y']])
  expect(hosts.map(({ off }) => off.map(({ name }) => name))).toEqual([['one.x']])
})
