import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Source, StoreStatement } from '#sources/source.ts'
import { type RunningStore, startStore } from '../../test/store/running-store.ts'
import { applySourceStatements } from './source-statements.ts'

let running: RunningStore
beforeAll(async () => {
  running = await startStore()
})
afterAll(() => running?.stop())

const source = (name: string, ...statements: StoreStatement[]) =>
  ({ name, datasets: [], statements }) as unknown as Source
const database = { name: 'the database', sql: 'CREATE DATABASE IF NOT EXISTS made_up' }
const table = { name: 'the table', sql: 'CREATE TABLE IF NOT EXISTS made_up.t (x UInt8) ENGINE = MergeTree ORDER BY x' }

test('statements run in order, may run again, and those that sources share run once', async () => {
  const both = [source('a', database, table), source('b', database, table), source('c')]
  expect(await applySourceStatements(running.store, both)).toBe(2)
  expect(await applySourceStatements(running.store, both)).toBe(2)
  const rows = await running.reader.query({ query: 'SELECT count() FROM made_up.t', format: 'TabSeparated' })
  expect(await rows.text()).toBe('0\n')
})

test('a refused statement is one line with source and name; so are two of one name that differ', async () => {
  const refused = applySourceStatements(running.store, [
    source('a', { name: 'the view', sql: 'CREATE VIEW\n nonsense' }),
  ])
  await expect(refused).rejects.toThrow(/^Source a: ClickHouse refuses the view: \S.+$/)
  const other = { ...database, sql: 'CREATE DATABASE IF NOT EXISTS other' }
  const differing = applySourceStatements(running.store, [source('a', database), source('b', other)])
  await expect(differing).rejects.toThrow('Source b: another statement is named the database, too')
})
