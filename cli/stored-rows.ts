import type { StackFile } from '#local/stack-file.ts'
import { sources } from '#sources/index.ts'
import { rowsOf } from './ask-store.ts'

export interface StoredRows {
  rows: number
  /** True: `rows` can include duplicates that ClickHouse has not merged yet. */
  beforeMerging: boolean
}

/** A table or view whose rows are counted. `from` is the FROM clause of the query; `tables` are the tables it reads. */
interface CountedTables {
  name: string
  from: string
  tables: string[]
  isAlwaysNamed: boolean
}

/** Returns what users query and `status` counts: four tables of the platform, and the own records of sources. */
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

/** Tables up to this size are counted exactly, in about a second. Larger counts include unmerged duplicates. */
const maxCountedAtOnce = 5_000_000

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
