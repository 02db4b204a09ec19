import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningStore, startStore } from '../../test/store/running-store.ts'
import { readersSql } from './store-readers.ts'

let running: RunningStore
beforeAll(async () => {
  running = await startStore()
})
afterAll(() => running?.stop())

test('readers are those whose finished queries name the dataset or read its view', async () => {
  // The embedded engine keeps no query log: rows in the form of a server's.
  const log = `(
    SELECT user, type, query_kind, query, tables, now() - toIntervalDay(days_ago) AS event_time FROM VALUES(
      'user String, type String, query_kind String, query String, tables Array(String), days_ago UInt8',
      ('anna', 'QueryFinish', 'Select', 'SELECT 1 FROM latest WHERE dataset = ''a.b''', ['tidemark.points'], 1),
      ('anna', 'QueryStart', 'Select', 'SELECT 1 FROM latest WHERE dataset = ''a.b''', ['tidemark.points'], 1),
      ('anna', 'QueryFinish', 'Select', 'SELECT * FROM a_b', ['tidemark.a_b', 'tidemark.points'], 2),
      ('bert', 'QueryFinish', 'Select', 'SELECT * FROM a_b', ['tidemark.a_b'], 29),
      ('carl', 'QueryFinish', 'Select', 'SELECT * FROM a_b', ['tidemark.a_b'], 31),
      ('sink', 'QueryFinish', 'Insert', 'INSERT INTO a.b', ['tidemark.slices'], 1),
      ('dora', 'QueryFinish', 'Select', 'SELECT * FROM a_bc', ['tidemark.a_bc'], 1)))`
  const result = await running.reader.query({
    query: readersSql(log, { dataset: 'a.b', view: 'a_b' }),
    format: 'JSONEachRow',
  })
  expect(await result.json()).toEqual([
    { user: 'anna', queries: 2, last: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) },
    { user: 'bert', queries: 1, last: expect.any(String) },
  ])
})
