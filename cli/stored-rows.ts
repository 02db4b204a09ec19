import type { StackFile } from '#local/stack-file.ts'
import { sources } from '#sources/index.ts'
import { rowsOf } from './ask-store.ts'

/** What a table or view that is meant for readers holds. */
export interface StoredRows {
  rows: number
  /** Whether rows that came again are counted again, as long as the store has not merged them. */
  beforeMerging: boolean
}

/** What is counted: its name for people, what follows FROM, and the tables whose rows it reads. */
interface CountedTables {
  name: string
  from: string
  tables: string[]
  /** Whether it is named also where it holds nothing. */
  isAlwaysNamed: boolean
}

/** The tables that everybody reads, and the records of sources' own; what the store keeps for itself is none of them. */
function countedTables(): CountedTables[] {
  const platform = ['points', 'point_revisions', 'series', 'polls'].map((name) => {
    return { name, from: `tidemark.${name} FINAL`, tables: [`tidemark.${name}`], isAlwaysNamed: true }
  })
  const own = sources.flatMap(({ datasets }) =>
    datasets.flatMap(({ name, view, records }) =>
      records
        ? [
            {
              name: view?.name ?? records.from.split(' ')[0] ?? name,
              from: records.from,
              tables: records.tables.map((table) => table.name),
              isAlwaysNamed: false,
            },
          ]
        : [],
    ),
  )
  return [...platform, ...own]
}

/** Counting each row once takes about a second for so many; of more the store's own number is told. */
const maxCountedAtOnce = 5_000_000

/** How many rows the tables hold that are meant for readers, by name; those of sources' own where there are any. */
export async function storedRows(stack: StackFile): Promise<Record<string, StoredRows>> {
  const sizes = await rowsOf<{ name: string; rows: number }>(
    stack,
    "SELECT concat(database, '.', name) AS name, toFloat64(total_rows) AS rows FROM system.tables WHERE total_rows > 0",
  )
  const sizeOf = (table: string): number => sizes.find(({ name }) => name === table)?.rows ?? 0
  const counted = await Promise.all(
    countedTables().map(async ({ name, from, tables, isAlwaysNamed }): Promise<[string, StoredRows] | undefined> => {
      const most = Math.max(...tables.map(sizeOf))
      if (most === 0) return isAlwaysNamed ? [name, { rows: 0, beforeMerging: false }] : undefined
      if (most > maxCountedAtOnce) return [name, { rows: most, beforeMerging: true }]
      const [count] = await rowsOf<{ rows: number }>(stack, `SELECT toFloat64(count()) AS rows FROM ${from}`)
      return [name, { rows: count?.rows ?? 0, beforeMerging: false }]
    }),
  )
  return Object.fromEntries(counted.filter((one) => one !== undefined))
}
