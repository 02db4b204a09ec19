// Makes the rows of a table and inserts them: as bytes (RowBinary), or the whole batch as values (JSON) if a column does not
// hold exactly the value of some row. The store then refuses that row in its own words, or changes the value as it always did.
import type { TableTarget } from '#schemas/record-schema.ts'
import type { Verdict } from '../kafka/verdict.ts'
import { TransientError } from '../process/transient-error.ts'
import { database, insert, type Store } from './client.ts'
import { combinedInserts } from './combined-inserts.ts'
import { errorKind, isOtherTypes } from './errors.ts'
import { type BinaryLayout, columnTypes, insertBinary } from './insert-binary.ts'
import { type BinaryRow, bytesOf, RowBuffer } from './row-buffer.ts'
import { type RowLayout, rowLayout } from './row-layout.ts'
import { type InsertRows, storeBatch, type TableAcceptance, tableAcceptance, takesNoRows } from './store-batch.ts'

/** What is asked of the store. */
export interface TableAccess {
  columnTypes(table: string): Promise<ReadonlyMap<string, string>>
  insertBinary(table: string, layout: BinaryLayout, rows: readonly BinaryRow[]): Promise<void>
  insert(table: string, columns: string[], rows: unknown[][]): Promise<void>
}

/** @param into the database: `tidemark`, or a database of staging tables */
export const tableAccess = (store: Store, into = database): TableAccess => ({
  columnTypes: (table) => columnTypes(store, table, into),
  insertBinary: (table, layout, rows) => insertBinary(store, table, layout, rows, into),
  insert: (table, columns, rows) => insert(store, table, columns, rows, into),
})

/** Makes and inserts the rows of one batch. */
export interface BatchRows {
  /**
   * Returns the row of a record whose Avro bytes were written with the newest schema and begin at `start` of `value`.
   * Returns undefined if the record must be decoded: its bytes are unusual, or a column is not just one of its fields.
   */
  transcode(value: Buffer, start: number, offset: number): BinaryRow | undefined
  /** Returns the row of the values of a target's row. Undefined if a column does not hold exactly one of them. */
  encode(values: readonly unknown[]): BinaryRow | undefined
  /** Inserts rows as storeBatch() does. */
  store(rows: BinaryRow[]): Promise<Verdict[]>
  /** Inserts the rows of a target: as bytes if the columns hold exactly their values. */
  storeValues(rows: unknown[][]): Promise<Verdict[]>
}

export interface TableRows {
  /**
   * Calls `use` for a batch. Its rows are valid until `use` ends.
   * @throws TransientError if the store does not say what columns the table has
   */
  inBatch<Result>(use: (batch: BatchRows) => Promise<Result>): Promise<Result>
}

/**
 * Opens a table of the store for rows of a target.
 * @param schema the Avro schema of the records; undefined if they are no Avro records
 * @param maxUnexplained as of tableAcceptance()
 */
export function openTableRows(
  access: TableAccess,
  target: TableTarget,
  schema?: string,
  maxUnexplained?: number,
): TableRows {
  let known: Known | undefined
  const read = async (): Promise<Known> => {
    const types = await access.columnTypes(target.table).catch((error: Error) => {
      throw errorKind(error) === 'retry' ? takesNoRows(error) : error
    })
    const isThere = target.columns.every((column) => types.has(column))
    const layout = rowLayout(target, schema, types)
    const acceptance = tableAcceptance(maxUnexplained, keptRow)
    const fresh: Known = { layout, acceptance, insertBytes: layout && insertBytes(layout) }
    // Provisioning may still create the table, or add columns to it.
    if (isThere) known = fresh
    return fresh
  }
  const insertBytes = (layout: RowLayout) =>
    combinedInserts((rows) =>
      access.insertBinary(target.table, layout, rows).catch((error: Error) => {
        if (!isOtherTypes(error)) throw error
        known = undefined
        throw new TransientError(`The columns of ${target.table} were changed: ${error.message}`, { cause: error })
      }),
    )
  return {
    inBatch: async (use) => {
      const { layout, acceptance, insertBytes } = known ?? (await read())
      const insertRows = async (rows: Row[]): Promise<void> =>
        insertBytes && areBinary(rows)
          ? insertBytes(rows)
          : access.insert(target.table, target.columns, rows as unknown[][])
      return withBuffer((to) => {
        const encode: BatchRows['encode'] = (values) => layout?.encode(values, to)
        const store = (rows: Row[]): Promise<Verdict[]> => storeBatch(rows, insertRows, acceptance)
        return use({
          transcode: (value, start, offset) => layout?.transcode?.(value, start, offset, to),
          encode,
          store,
          storeValues: (rows) => store(encodedAll(rows, encode) ?? rows),
        })
      })
    },
  }
}

type Row = BinaryRow | unknown[]

// All rows of an insert are of one kind.
const areBinary = (rows: readonly Row[]): rows is BinaryRow[] => rows[0] !== undefined && isBinary(rows[0])
const isBinary = (row: Row): row is BinaryRow => !Array.isArray(row)

function encodedAll(rows: readonly unknown[][], encode: BatchRows['encode']): BinaryRow[] | undefined {
  const encoded: BinaryRow[] = []
  for (const values of rows) {
    const row = encode(values)
    if (row === undefined) return undefined
    encoded.push(row)
  }
  return encoded
}

/**
 * Returns the places of records in groups of the same key, sorted by key. Records of a key keep their order. Slices in this
 * order take the store 0.33 CPU seconds a million points, and 0.40 in the order in which answers bring them.
 */
export function placesByKey<Value>(records: readonly Value[], keyOf: (record: Value) => string): number[] {
  const groups = new Map<string, number[]>()
  for (const [place, record] of records.entries()) {
    const key = keyOf(record)
    const group = groups.get(key)
    if (group) group.push(place)
    else groups.set(key, [place])
  }
  return [...groups.keys()].toSorted().flatMap((key) => groups.get(key) ?? [])
}

interface Known {
  layout: RowLayout | undefined
  insertBytes: InsertRows<BinaryRow> | undefined
  /** Of this layout: the accepted row is inserted again, as bytes of it. */
  acceptance: TableAcceptance<Row>
}

/** Returns a row that stays as it is when the memory of the batch is used again. */
function keptRow(row: Row): Row {
  if (!isBinary(row)) return row
  const memory = Buffer.from(bytesOf(row))
  return { memory, start: 0, end: memory.length }
}

// Buffers that no batch uses. New memory for each batch took 0.015 CPU seconds a million points more, of 0.06.
const spare: RowBuffer[] = []
const maxSpare = 2
const maxSpareBytes = 16 * 1024 * 1024

async function withBuffer<Result>(use: (to: RowBuffer) => Promise<Result>): Promise<Result> {
  const to = spare.pop() ?? new RowBuffer()
  // After an error, a request that was given up may still read the rows. Then the memory is not used again.
  const result = await use(to)
  to.empty()
  if (spare.length < maxSpare && to.bytes.length <= maxSpareBytes) spare.push(to)
  return result
}
