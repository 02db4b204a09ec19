import { ClickHouseError } from '@clickhouse/client'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { BinaryLayout } from '#platform/clickhouse/insert-binary.ts'
import { bytesOf } from '#platform/clickhouse/row-buffer.ts'
import { openTableRows, type TableAccess, type TableRows, tableAccess } from '#platform/clickhouse/table-rows.ts'
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

/** Stores the rows of records, of which these are the Avro bytes. */
const stored = (rows: TableRows, records: Buffer[]) =>
  rows.inBatch((batch) =>
    batch.store(records.map((record) => batch.transcode(record, 0, 0) ?? expect.unreachable('not transcoded'))),
  )

const storedValues = (rows: TableRows, values: unknown[][]) => rows.inBatch((batch) => batch.storeValues(values))

/** The store, and how each insert reached it. */
function observed(): { access: TableAccess; inserts: string[] } {
  const access = tableAccess(running.store)
  const inserts: string[] = []
  return {
    inserts,
    access: {
      ...access,
      insertBinary: (table, layout, rows) => {
        inserts.push(`${rows.length} as bytes`)
        return access.insertBinary(table, layout, rows)
      },
      insert: (table, columns, rows) => {
        inserts.push(`${rows.length} as JSON`)
        return access.insert(table, columns, rows)
      },
    },
  }
}

// Several readers would give the inserts in any order.
const content = () => lines(running.store, 'SELECT a, b FROM tidemark.made SETTINGS max_threads = 1')

test('rows are stored in their order as bytes, or all as JSON where a column does not hold a value', async () => {
  const { access, inserts } = observed()
  const rows = openTableRows(access, target, schema)
  expect(await stored(rows, [avro(1, 'x'), avro(2, 'y')])).toEqual([ok(), ok()])
  expect(
    await storedValues(rows, [
      ['z', 3],
      ['', 4],
    ]),
  ).toEqual([ok(), ok()])
  // The store takes 300 for 44 in a column of one byte, as it always did.
  expect(
    await storedValues(rows, [
      ['x', 5],
      ['x', 300],
      ['x', 6],
    ]),
  ).toEqual([ok(), ok(), ok()])
  expect(inserts).toEqual(['2 as bytes', '2 as bytes', '3 as JSON'])
  expect(await content()).toEqual(['1\tx', '2\ty', '3\tz', '4\t', '5\tx', '44\tx', '6\tx'])
})

test('a table that comes later, or gets its columns later, is then written to as bytes', async () => {
  const { access, inserts } = observed()
  const rows = openTableRows(access, target, schema)
  await running.store.command({ query: 'DROP TABLE tidemark.made SYNC' })
  await expect(storedValues(rows, [['x', 1]])).rejects.toThrow(TransientError)
  await create('a UInt8')
  await expect(storedValues(rows, [['x', 1]])).rejects.toThrow(TransientError)
  await create('a UInt8, b String')
  await storedValues(rows, [['x', 1]])
  expect(inserts).toEqual(['1 as JSON', '1 as JSON', '1 as bytes'])
})

test('a table with a column of a type that bytes are not made for is written to as JSON', async () => {
  await create("a UInt8, b Enum8('x' = 1)")
  const { access, inserts } = observed()
  await storedValues(openTableRows(access, target, schema), [['x', 1]])
  expect(inserts).toEqual(['1 as JSON'])
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
      tried.push(rows.map((row) => bytesOf(row).toString('hex')))
      if (isBroken) throw new ClickHouseError({ message: 'a view throws', code: '395' })
    },
  }
  const rows = openTableRows(access, target, schema, 3)
  await stored(rows, [avro(1, 'x'), avro(2, 'y')])
  isBroken = true
  await expect(stored(rows, [avro(3, 'z'), avro(4, 'z'), avro(5, 'z'), avro(6, 'z')])).rejects.toThrow('a view throws')
  expect(tried).toEqual([['010178', '020179'], ['03017a', '04017a', '05017a', '06017a'], ['010178']])
})

test('of rows that are refused for an unknown reason, one that comes again counts once', async () => {
  const access: TableAccess = {
    ...tableAccess(running.store),
    insertBinary: () => Promise.reject(new ClickHouseError({ message: 'a view throws', code: '395' })),
  }
  const rows = openTableRows(access, target, schema, 2)
  const kinds = async (...records: Buffer[]) => (await stored(rows, records)).map(({ kind }) => kind)
  expect(await kinds(avro(1, 'x'))).toEqual(['dead'])
  expect(await kinds(avro(1, 'x'))).toEqual(['dead'])
  expect(await kinds(avro(2, 'y'), avro(1, 'x'))).toEqual(['dead', 'dead'])
  await expect(kinds(avro(3, 'x'))).rejects.toThrow('a view throws')
})

test('batches at the same time have memory of their own', async () => {
  const held = Promise.withResolvers<void>()
  const access = tableAccess(running.store)
  const waiting: TableAccess = {
    ...access,
    insertBinary: async (...insert) => {
      await held.promise
      return access.insertBinary(...insert)
    },
  }
  const first = stored(openTableRows(waiting, target, schema), [avro(1, 'x'), avro(2, 'y')])
  await stored(openTableRows(access, target, schema), [avro(3, 'z')])
  await stored(openTableRows(access, target, schema), [avro(4, 'z'), avro(5, 'z')])
  held.resolve()
  await first
  expect(await content()).toEqual(['3\tz', '4\tz', '5\tz', '1\tx', '2\ty'])
})
