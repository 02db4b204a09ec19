import { Readable } from 'node:stream'
import { database, insertSettings, readRows, type Store } from './client.ts'

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
  rows: readonly Buffer[],
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
export function inPieces(rows: readonly Buffer[]): Buffer[] {
  const pieces: Buffer[] = []
  for (let index = 0; index < rows.length; ) {
    const { buffer, byteOffset, byteLength } = rows[index++] as Buffer
    let end = byteOffset + byteLength
    for (; index < rows.length; index++) {
      const next = rows[index] as Buffer
      if (next.buffer !== buffer || next.byteOffset !== end) break
      end += next.byteLength
    }
    pieces.push(Buffer.from(buffer, byteOffset, end - byteOffset))
  }
  return pieces
}

/** Returns the types of a table's columns by name, as the store spells them. Without entries if there is no such table. */
export async function columnTypes(store: Store, table: string, into = database): Promise<ReadonlyMap<string, string>> {
  const query = 'SELECT name, type FROM system.columns WHERE database = {into:String} AND table = {table:String}'
  const columns = await readRows<{ name: string; type: string }>(store, query, { into, table })
  return new Map(columns.map(({ name, type }) => [name, type]))
}
