import { afterAll, beforeAll, expect, test } from 'vitest'
import { migrate } from '#platform/clickhouse/migrate.ts'
import type { Source } from '#sources/source.ts'
import { type RunningStore, startStore } from '../../test/store/running-store.ts'
import { declaredSource } from '../../test/support/declared-source.ts'
import { migrations } from '../clickhouse/migrations.ts'
import { storeCatalogue } from './store-catalogue.ts'

let running: RunningStore
beforeAll(async () => {
  running = await startStore()
  await migrate(running.store, migrations)
})
afterAll(() => running?.stop())

const read = async <Row>(query: string): Promise<Row[]> =>
  (await running.reader.query({ query, format: 'JSONEachRow' })).json<Row>()

const first: Source = declaredSource({ name: 'tides' })
const [dataset] = first.datasets
const atMs = Date.parse('2026-11-24T10:00:00.123Z')

test('a row says all that is declared, in columns to filter by', async () => {
  expect(await storeCatalogue(running.store, [first], atMs)).toEqual(['tides.hourly'])
  expect(await read('SELECT * FROM tidemark.datasets')).toEqual([
    {
      dataset: 'tides.hourly',
      source: 'tides',
      title: 'Water levels',
      description: 'Water above the mean, by harbour.',
      owner: 'the harbour office',
      terms: 'free for all',
      terms_link: 'https://tides.example/terms',
      page: 'https://tides.example/levels',
      unit: 'cm',
      zone: 'Europe/Brussels',
      calendar:
        'each business day of Europe/Brussels since 2020-01-01, looked for from 09:00 of the day before delivery, expected by 11:00 and late 30 min after that',
      steps: [
        { since: '2019-12-31 23:00:00', step_s: 3600 },
        { since: '2024-12-31 23:00:00', step_s: 900 },
      ],
      key_pattern: 'at_<harbour>',
      key_example: 'at_OST',
      labels: { harbour: 'three letters' },
      plausible_min: -500,
      plausible_max: 500.5,
      expectations: ['every hour has a row', 'it’s whole cm'],
      checks: { 'ebb-above-flood': 'The ebb is above the flood.', 'few-rows': 'A day has few rows.' },
      raw_days: 30,
      timeseries_days: null,
      transform_version: 7,
      shape: 'documented',
      live: true,
      past_month: false,
      view: 'tides_levels',
      topics: ['tides.raw', 'tides.timeseries', 'tides.answers', 'tides.series', 'tides.dlq', 'tides.alarms'],
      first_day: '2020-01-01',
      declared: true,
      updated_at: '2026-11-24 10:00:00.123',
    },
  ])
})

test('what did not change is not written again, also by two at once', async () => {
  expect(await storeCatalogue(running.store, [first], atMs + 1)).toEqual([])
  await Promise.all([storeCatalogue(running.store, [first]), storeCatalogue(running.store, [first])])
  expect(await read('SELECT dataset, updated_at FROM tidemark.datasets')).toEqual([
    { dataset: 'tides.hourly', updated_at: '2026-11-24 10:00:00.123' },
  ])
})

test('a changed declaration replaces its row, a dataset that is declared no more is marked, and comes back', async () => {
  const other = { ...dataset!, name: 'tides.daily', title: 'By day' }
  const renamed = { ...dataset!, title: 'Levels' }
  expect(await storeCatalogue(running.store, [{ ...first, datasets: [renamed, other] }], atMs + 2)).toEqual([
    'tides.hourly',
    'tides.daily',
  ])
  expect(await storeCatalogue(running.store, [{ ...first, datasets: [other] }], atMs + 3)).toEqual(['tides.hourly'])
  expect(await storeCatalogue(running.store, [{ ...first, datasets: [other] }], atMs + 4)).toEqual([])
  expect(await read('SELECT dataset, title, declared FROM tidemark.datasets ORDER BY dataset')).toEqual([
    { dataset: 'tides.daily', title: 'By day', declared: true },
    { dataset: 'tides.hourly', title: 'Levels', declared: false },
  ])
  expect(await storeCatalogue(running.store, [{ ...first, datasets: [renamed, other] }], atMs + 5)).toEqual([
    'tides.hourly',
  ])
  expect(await read('SELECT toUInt32(count()) AS rows FROM tidemark.datasets WHERE declared')).toEqual([{ rows: 2 }])
})
