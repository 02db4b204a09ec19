import { Readable } from 'node:stream'
import { database, insertSettings, readRows, type Store } from './client.ts'
import { type BinaryRow, bytesOf } from './row-buffer.ts'

/** What rows in the format RowBinary consist of. */
export interface BinaryLayout {
  /** The columns, in the order of a row's values. */
  columns: readonly string[]
  /** Names and types of the columns, as the rows of an insert are preceded by them. The server refuses other types than its own. */
  header: Buffer
}

/**
 * Inserts rows like insert(), which are bytes already. The bytes must not change before it resolves.
 * @throws like insert()
 */
export async function insertBinary(
  store: Store,
  table: string,
  { columns, header }: BinaryLayout,
  rows: readonly BinaryRow[],
  into = database,
): Promise<void> {
  const names = columns.map((name) => `\`${name}\``).join(', ')
  const { stream } = await store.exec({
    query: `INSERT INTO ${into}.${table} (${names}) FORMAT RowBinaryWithNamesAndTypes`,
    values: Readable.from([header, ...inPieces(rows)], { objectMode: false }),
    clickhouse_settings: insertSettings,
  })
  // The answer is empty. The connection is free again when it was read.
  for await (const _ of stream);
}

/** Returns the bytes of rows. Rows that lie one behind the other in memory are one piece. */
function inPieces(rows: readonly BinaryRow[]): Buffer[] {
  const pieces: BinaryRow[] = []
  for (const { memory, start, end } of rows) {
    const last = pieces.at(-1)
    if (last?.memory === memory && last.end === start) last.end = end
    else pieces.push({ memory, start, end })
  }
  return pieces.map(bytesOf)
}

/** Returns the types of a table's columns by name, as the store spells them. Without entries if there is no such table. */
export async function columnTypes(store: Store, table: string, into = database): Promise<ReadonlyMap<string, string>> {
  const query = 'SELECT name, type FROM system.columns WHERE database = {into:String} AND table = {table:String}'
  const columns = await readRows<{ name: string; type: string }>(store, query, { into, table })
  return new Map(columns.map(({ name, type }) => [name, type]))
}
