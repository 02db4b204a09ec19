// Makes the rows of a table from records, and inserts them: as bytes (RowBinary), or as values (JSON) where a column holds no
// such value, which the store then refuses in its own words, or changes as it always did.
import type { TableTarget } from '#schemas/record-schema.ts'
import type { Verdict } from '../kafka/verdict.ts'
import { TransientError } from '../process/transient-error.ts'
import { database, insert, type Store } from './client.ts'
import { errorKind, isOtherTypes } from './errors.ts'
import { type BinaryLayout, columnTypes, insertBinary } from './insert-binary.ts'
import { RowBuffer } from './row-buffer.ts'
import { type RowLayout, rowLayout } from './row-layout.ts'
import { storeBatch, type TableAcceptance, tableAcceptance, takesNoRows } from './store-batch.ts'

/** A row as bytes, or as values in the order of the target's columns. */
export type TableRow = Buffer | unknown[]

/** What is asked of the store. */
export interface TableAccess {
  columnTypes(table: string): Promise<ReadonlyMap<string, string>>
  insertBinary(table: string, layout: BinaryLayout, rows: readonly Buffer[]): Promise<void>
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
  transcode(value: Buffer, start: number, offset: number): Buffer | undefined
  /** Returns a row that the target has made. */
  encode(values: unknown[]): TableRow
  /** Inserts rows as storeBatch() does. */
  store(rows: TableRow[]): Promise<Verdict[]>
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
    const fresh = { layout: rowLayout(target, schema, types), acceptance: tableAcceptance(maxUnexplained, keptRow) }
    // Provisioning may still create the table, or add columns to it.
    if (isThere) known = fresh
    return fresh
  }
  const insertRun = async (layout: RowLayout | undefined, rows: TableRow[]): Promise<void> => {
    if (layout === undefined || !isBinary(rows)) return access.insert(target.table, target.columns, rows as unknown[][])
    await access.insertBinary(target.table, layout, rows).catch((error: Error) => {
      if (!isOtherTypes(error)) throw error
      known = undefined
      throw new TransientError(`The columns of ${target.table} were changed: ${error.message}`, { cause: error })
    })
  }
  return {
    inBatch: async (use) => {
      const { layout, acceptance } = known ?? (await read())
      const insertRows = async (rows: TableRow[]): Promise<void> => {
        for (const run of runsOfOneKind(rows)) await insertRun(layout, run)
      }
      return withBuffer((to) =>
        use({
          transcode: (value, start, offset) => layout?.transcode?.(value, start, offset, to),
          encode: (values) => layout?.encode(values, to) ?? values,
          store: (rows) => storeBatch(rows, insertRows, acceptance),
        }),
      )
    },
  }
}

interface Known {
  layout: RowLayout | undefined
  /** Of this layout: the accepted row is inserted again, as bytes of it. */
  acceptance: TableAcceptance<TableRow>
}

/** The memory of a row is used again after its batch. */
const keptRow = (row: TableRow): TableRow => (row instanceof Buffer ? Buffer.from(row) : row)

const isBinary = (rows: TableRow[]): rows is Buffer[] => rows[0] instanceof Buffer

/** Splits rows into runs of bytes and runs of values. Their order stays: of two rows with the same key the later one wins. */
function runsOfOneKind(rows: TableRow[]): TableRow[][] {
  const runs: TableRow[][] = []
  for (const row of rows) {
    const run = runs.at(-1)
    if (run && run[0] instanceof Buffer === row instanceof Buffer) run.push(row)
    else runs.push([row])
  }
  return runs
}

// Buffers that no batch uses. To take new memory for each batch cost a twentieth of the sink's time.
const spare: RowBuffer[] = []
const maxSpare = 3
const maxSpareBytes = 32 * 1024 * 1024

async function withBuffer<Result>(use: (to: RowBuffer) => Promise<Result>): Promise<Result> {
  const to = spare.pop() ?? new RowBuffer()
  // After an error, a request that was given up may still read the rows. Then the memory is not used again.
  const result = await use(to)
  to.empty()
  if (spare.length < maxSpare && to.bytes.length <= maxSpareBytes) spare.push(to)
  return result
}
