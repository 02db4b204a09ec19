import { afterAll, beforeAll, expect, test } from 'vitest'
import { createStore } from '#platform/clickhouse/client.ts'
import { MigrationError } from '#platform/clickhouse/migrate.ts'
import type { Source } from '#sources/source.ts'
import { type RunningStore, startStore } from '../../test/store/running-store.ts'
import { applyDatasetViews } from './dataset-views.ts'

let running: RunningStore
beforeAll(async () => {
  running = await startStore()
  await running.store.command({ query: 'CREATE DATABASE tidemark' })
})
afterAll(() => running?.stop())

const sourceWith = (...views: { name: string; select: string }[]): Source[] => [
  { name: 'a', datasets: views.map((view) => ({ name: `a.${view.name}`, view })) } as unknown as Source,
]

test('every dataset gets its view', async () => {
  const sources = sourceWith({ name: 'one', select: 'SELECT 1 AS x' }, { name: 'two', select: 'SELECT 2 AS x' })
  expect(await applyDatasetViews(running.store, sources)).toBe(2)
  const rows = await running.reader.query({ query: 'SELECT x FROM tidemark.two', format: 'TabSeparated' })
  expect(await rows.text()).toBe('2\n')
})

test('a view that is refused is one line with the dataset, the view and the reason', async () => {
  for (const select of ['SELECT nothing FROM nowhere', 'SELECT FROM\nWHERE']) {
    const refusal = await applyDatasetViews(running.store, sourceWith({ name: 'bad', select })).catch((error) => error)
    expect(refusal).toBeInstanceOf(MigrationError)
    expect(refusal.message).toMatch(/^Dataset a\.bad: ClickHouse refuses the view bad: \S.+$/)
  }
})

test('a store that is away is no fault of the view', async () => {
  const away = createStore({ url: 'http://127.0.0.1:1', user: 'u', password: '', requestTimeoutMs: 5_000 })
  const failure = await applyDatasetViews(away, sourceWith({ name: 'x', select: 'SELECT 1' })).catch((error) => error)
  expect(failure).not.toBeInstanceOf(MigrationError)
  expect(failure.code).toBe('ECONNREFUSED')
  await away.close()
})
