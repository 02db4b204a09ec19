import { expect, test } from 'vitest'
import type { Source } from '#sources/source.ts'
import type { ScheduleOverrides } from './dataset-schedules.ts'
import { hostsOf } from './hosts.ts'
import type { SourceSettings } from './source-settings.ts'

const budget = { perMinute: 100, burst: 2, refillPerMinute: 96, maxInFlight: 8 }
const asking = { autoBackfill: false }
const source = (
  name: string,
  address: string,
  more: Partial<Source> = {},
  upstream: Partial<Source['upstream']> = {},
) =>
  ({
    name,
    upstream: { baseUrl: { default: address, setting: `${name.toUpperCase()}_BASE_URL` }, budget, ...upstream },
    datasets: [{ name: `${name}.x`, schedule: 'auto', asking, calendar: { kind: 'days' } }],
    ...more,
  }) as Source
const hosts = (sources: Source[], settings: Partial<SourceSettings> = {}, overrides: ScheduleOverrides = new Map()) =>
  hostsOf(sources, { baseUrls: {}, credentials: {}, selectors: {}, everyS: {}, ...settings }, overrides)

test('a source is asked at its own address, or at the one that replaces it; one that comes in files nowhere', () => {
  const sources = [source('one', 'https://one.example/api/'), source('two', 'https://two.example')]
  const { upstream: _, ...files } = source('files', 'https://none.example')
  const found = hosts([...sources, files as Source], { baseUrls: { TWO_BASE_URL: 'http://127.0.0.1:4000/' } })
  expect(found.map(({ name, datasets }) => [name, datasets[0]?.baseUrl, datasets[0]?.source])).toEqual([
    ['one.example', 'https://one.example/api', 'one'],
    ['127.0.0.1:4000', 'http://127.0.0.1:4000', 'two'],
  ])
})

test('sources at one host share one budget, the strictest', () => {
  const strict = { perMinute: 50, burst: 5, refillPerMinute: 40, maxInFlight: 3 }
  const found = hosts([
    source('one', 'https://a.example'),
    source('two', 'https://a.example/x', {}, { budget: strict }),
  ])
  expect(found.length).toBe(1)
  expect(found[0]).toMatchObject({
    name: 'a.example',
    budget: { perMinute: 50, burst: 2, refillPerMinute: 40, maxInFlight: 3 },
  })
  expect(found[0]?.datasets.map(({ dataset }) => dataset.name)).toEqual(['one.x', 'two.x'])
})

test('a dataset that is off is not asked for, but its host knows of it, and why', () => {
  const datasets = ['one.x', 'one.y', 'one.z'].map((name) => ({
    name,
    schedule: name === 'one.z' ? 'off' : 'auto',
    asking,
    calendar: { kind: 'days' },
  })) as Source['datasets']
  const found = hosts([source('one', 'https://one.example', { datasets })], {}, new Map([['one.x', 'off']]))
  expect(found.map(({ datasets }) => datasets.map(({ dataset }) => dataset.name))).toEqual([['one.y']])
  expect(found.map(({ off }) => off.map(({ dataset, because }) => [dataset.name, because]))).toEqual([
    [
      ['one.x', 'DATASET_SCHEDULES'],
      ['one.z', 'declaration'],
    ],
  ])
})

test('a source that needs a key is asked with it in its header, and without it not at all', () => {
  const credential = { header: 'X-KEY', setting: 'ONE_KEY', obtainFrom: 'ask for one' }
  const locked = source('one', 'https://one.example', {}, { credential })
  const [without] = hosts([locked])
  expect(without?.datasets).toEqual([])
  expect(without?.off.map(({ because }) => because)).toEqual(['needs ONE_KEY (ask for one)'])
  const [having] = hosts([locked], { credentials: { ONE_KEY: 'secret' } })
  expect(having?.datasets[0]?.headers).toEqual({ 'X-KEY': 'secret' })
})

test('the setting makes a dataset on demand poll by itself, with the last days; or the other way round', () => {
  const datasets = ['on-demand', 'auto'].map((schedule) => ({
    ...{ name: `one.${schedule}`, schedule, asking, calendar: { kind: 'days' } },
  }))
  const given = [source('one', 'https://one.example', { datasets: datasets as Source['datasets'] })]
  const modes = (overrides: ScheduleOverrides) =>
    hosts(given, {}, overrides)[0]?.datasets.map(({ schedule, autoBackfill }) => [schedule, autoBackfill])
  const declared = [
    ['on-demand', false],
    ['auto', false],
  ]
  expect(modes(new Map())).toEqual(declared)
  expect(
    modes(
      new Map([
        ['one.on-demand', 'auto'],
        ['one.auto', 'on-demand'],
      ]),
    ),
  ).toEqual([
    ['auto', true],
    ['on-demand', false],
  ])
})

const ticking = (perRequest: number) => {
  const selectors = { setting: 'T_SYMBOLS', default: ['A', 'B', 'C'], pattern: /^[A-Z0-9]+$/, perRequest }
  const calendar = { kind: 'ticks', zone: 'UTC', every: { setting: 'T_EVERY_S', defaultS: 10, minIntervalS: 1 } }
  const datasets = [
    { name: 't.x', schedule: 'auto', asking: { ...asking, selectors }, calendar },
  ] as unknown as Source['datasets']
  return source('t', 'https://t.example', { datasets })
}

test('selectors are those of the declaration or of the setting, as many in a request as go in', () => {
  const of = (perRequest: number, selectors?: string[]) =>
    hosts([ticking(perRequest)], { selectors: { T_SYMBOLS: selectors } })[0]?.datasets[0]
  expect(of(2)).toMatchObject({ selectors: ['A,B', 'C'], intervalMs: 10_000 })
  expect(of(1, ['X', 'Y'])?.selectors).toEqual(['X', 'Y'])
})

test('ticks that a host does not allow are refused with what to change, before anything is asked', () => {
  const symbols = Array.from({ length: 20 }, (_, index) => `S${index}`)
  const at = (everyS: number, perRequest: number) => () =>
    hosts([ticking(perRequest)], { selectors: { T_SYMBOLS: symbols }, everyS: { T_EVERY_S: everyS } })
  // 20 requests every 10 s are 120 a minute, every 13 s 93.
  expect(at(10, 1)).toThrow(
    /^t\.example would be asked 120 times a minute, and 96 .* set T_EVERY_S to 13 at the least, or .* T_SYMBOLS\.$/,
  )
  expect(at(13, 1)).not.toThrow()
  expect(at(1, 20)).not.toThrow()
})
