import { ClickHouseError } from '@clickhouse/client'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { BinaryLayout } from '#platform/clickhouse/insert-binary.ts'
import { openTableRows, type TableAccess, type TableRow, tableAccess } from '#platform/clickhouse/table-rows.ts'
import { ok } from '#platform/kafka/verdict.ts'
import { TransientError } from '#platform/process/transient-error.ts'
import { tableOfFields } from '#schemas/record-schema.ts'
import { type RunningStore, startStore } from './running-store.ts'
import { lines } from './slices.ts'

const target = tableOfFields<{ a: number; b: string }>('made', { b: 'b', a: 'a' })
const schema = JSON.stringify({
  ...{ type: 'record', name: 'Made' },
  fields: [
    { name: 'a', type: 'int' },
    { name: 'b', type: 'string' },
  ],
})
/** The Avro bytes of a record with a = number and b = one letter. */
const avro = (number: number, letter: string): Buffer => Buffer.of(2 * number, 2, letter.charCodeAt(0))

let running: RunningStore
beforeAll(async () => {
  running = await startStore()
  await running.store.command({ query: 'CREATE DATABASE tidemark' })
})
afterAll(() => running?.stop())
beforeEach(() => create('a UInt8, b String'))

const create = (columns: string) =>
  running.store.command({ query: `CREATE OR REPLACE TABLE tidemark.made (${columns}) ENGINE = Memory` })

/** Stores rows: of the Avro bytes of records, or of values. */
const stored = (
  rows: ReturnType<typeof openTableRows>,
  records: (Buffer | unknown[])[],
  seen: (made: TableRow[]) => void = () => undefined,
) =>
  rows.inBatch((batch) => {
    const made = records.map((record): TableRow => {
      if (Array.isArray(record)) return batch.encode(record)
      return batch.transcode(record, 0, 0) ?? expect.unreachable('not transcoded')
    })
    seen(made)
    return batch.store(made)
  })

const content = () => lines(running.store, 'SELECT a, b FROM tidemark.made')

test('rows of bytes and rows of values are stored in their order', async () => {
  const rows = openTableRows(tableAccess(running.store), target, schema)
  const kinds: boolean[] = []
  // The store takes 300 for 44 in a column of one byte, as it always did.
  const records = [avro(1, 'x'), ['y', 2], ['z', 300], avro(3, 'x'), ['', 4]]
  const verdicts = await stored(rows, records, (made) => kinds.push(...made.map((row) => row instanceof Buffer)))
  expect(verdicts).toEqual(records.map(() => ok()))
  expect(kinds).toEqual([true, true, false, true, true])
  expect(await content()).toEqual(['1\tx', '2\ty', '44\tz', '3\tx', '4\t'])
})

test('a table that comes later, or gets its columns later, is then written to as bytes', async () => {
  const rows = openTableRows(tableAccess(running.store), target, schema)
  const isBytes = async () => {
    let made: TableRow[] = []
    const verdicts = await stored(rows, [['x', 1]], (all) => {
      made = all
    }).catch((error) => error)
    return [made[0] instanceof Buffer, verdicts instanceof TransientError]
  }
  await running.store.command({ query: 'DROP TABLE tidemark.made SYNC' })
  expect(await isBytes()).toEqual([false, true])
  await create('a UInt8')
  expect(await isBytes()).toEqual([false, true])
  await create('a UInt8, b String')
  expect(await isBytes()).toEqual([true, false])
})

test('a table with a column of a type that bytes are not made for is written to as JSON', async () => {
  await create("a UInt8, b Enum8('x' = 1)")
  const rows = openTableRows(tableAccess(running.store), target, schema)
  await stored(rows, [['x', 1]], (made) => expect(made).toEqual([['x', 1]]))
  expect(await content()).toEqual(['1\tx'])
})

test('after a column was given another type, no byte is read as of the old one', async () => {
  const rows = openTableRows(tableAccess(running.store), target, schema)
  await stored(rows, [avro(1, 'x')])
  await create('a UInt32, b String')
  const failing = stored(rows, [avro(2, 'x')])
  await expect(failing).rejects.toThrow(TransientError)
  await expect(failing).rejects.toThrow("The columns of made were changed: Type of 'a' must be UInt32, not UInt8")
  await stored(rows, [avro(3, 'x')])
  expect(await content()).toEqual(['3\tx'])
})

test('while the store does not say which columns a table has, nothing is refused', async () => {
  const away: TableAccess = {
    ...tableAccess(running.store),
    columnTypes: () => Promise.reject(new ClickHouseError({ message: 'memory', code: '241' })),
  }
  const failing = stored(openTableRows(away, target, schema), [avro(1, 'x')])
  await expect(failing).rejects.toThrow(TransientError)
  await expect(failing).rejects.toThrow('The store takes no rows now: memory')
})

test('a row that the table accepted is tried again as it was, although its memory was written to since', async () => {
  const tried: string[][] = []
  let isBroken = false
  const access: TableAccess = {
    ...tableAccess(running.store),
    insertBinary: async (_: string, __: BinaryLayout, rows) => {
      tried.push(rows.map((row) => row.toString('hex')))
      if (isBroken) throw new ClickHouseError({ message: 'a view throws', code: '395' })
    },
  }
  const rows = openTableRows(access, target, schema, 3)
  await stored(rows, [avro(1, 'x'), avro(2, 'y')])
  isBroken = true
  await expect(stored(rows, [avro(3, 'z'), avro(4, 'z'), avro(5, 'z'), avro(6, 'z')])).rejects.toThrow('a view throws')
  expect(tried).toEqual([['010178', '020179'], ['03017a', '04017a', '05017a', '06017a'], ['010178']])
})
