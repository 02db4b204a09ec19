import { deadLetterRecordsTable } from '#schemas/dead-letter-record.ts'
import type { Deletion } from '#schemas/generated/records.ts'
import { deletionsTable } from '#schemas/tables.ts'
import { database, insert, readRows, type Store } from './client.ts'

/** Returns the time before which a dataset's rows are never stored again, ms UTC; undefined without a deletion. */
export async function boundOf(store: Store, dataset: string): Promise<number | undefined> {
  const [row] = await readRows<{ bound: number | null }>(
    store,
    `SELECT if(count() = 0, NULL, toUnixTimestamp64Milli(max(before))) + 0.0 AS bound
     FROM ${database}.deletions WHERE dataset = {dataset:String}`,
    { dataset },
  )
  return row?.bound ?? undefined
}

/** Stores a deletion. Later inserts leave out the dataset's rows before the deletion's time. Idempotent. */
export async function storeDeletion(store: Store, deletion: Deletion): Promise<void> {
  const { table, columns } = deletionsTable
  await insert(store, table, columns, [deletionsTable.row(deletion)])
}

export const storedDeletions = (store: Store): Promise<Deletion[]> =>
  readRows<Deletion>(
    store,
    `SELECT dataset, toUnixTimestamp64Milli(before) + 0.0 AS before, toUnixTimestamp64Milli(at) + 0.0 AS at, by, why
     FROM ${database}.deletions AS stored ORDER BY stored.at`,
    {},
  )

export interface DeletedTable {
  name: string
  rows: string
  /** SQL expression of a row's time (DateTime). Absent: rows of this table are not deleted. */
  time?: string
}

// The bound is passed in ms, because ClickHouse refuses a text with a fraction of a second here.
const instant = "fromUnixTimestamp64Milli({before:Int64}, 'UTC')"
const timesBefore = (rows: string, time: string): string => `${rows} AND ${time} < ${instant}`

const ofDataset = 'dataset = {dataset:String}'
/** Tables in the order of deletion. An accepted answer is deleted before its points. */
const platformTables = [
  { name: 'stored_answers', time: 'window_start', condition: `${ofDataset} AND window_end <= ${instant}` },
  { name: 'points', time: 'ts', condition: timesBefore(ofDataset, 'ts') },
  { name: 'point_revisions', time: 'ts', condition: timesBefore(ofDataset, 'ts') },
  { name: 'alert_events', time: 'onset_at', condition: timesBefore(ofDataset, 'onset_at') },
] as const

/** Slices that a dry run keeps. They go as a whole, also one that reaches over the bound. */
const stagedSlices = { name: 'slices', condition: `${ofDataset} AND start_ms < {before:Int64}` }

export interface DeletedRows {
  year: number
  points: number
  point_revisions: number
  [table: string]: number
}

/** Counts the rows before `before` (ms UTC), by year. Rows that a later merge will collapse count too. */
export async function rowsBefore(
  store: Store,
  bound: Bound,
  ownTables: readonly DeletedTable[] = [],
): Promise<DeletedRows[]> {
  const counts = new Map<number, DeletedRows>()
  const count = async (table: string, name: string, time: string, condition: string): Promise<void> => {
    const query = `SELECT toYear(${time}) AS year, count() + 0.0 AS n FROM ${table} WHERE ${condition} GROUP BY year`
    for (const { year, n } of await readRows<{ year: number; n: number }>(store, query, parameters(bound))) {
      const row = counts.get(year) ?? { year, points: 0, point_revisions: 0 }
      row[name] = n
      counts.set(year, row)
    }
  }
  for (const { name, time, condition } of platformTables) await count(`${database}.${name}`, name, time, condition)
  for (const { name, rows, time } of await timedTables(store, ownTables)) {
    await count(name, name, time, timesBefore(rows, time))
  }
  return [...counts.values()].sort((one, other) => one.year - other.year)
}

export type Bound = Pick<Deletion, 'dataset' | 'before'>

/**
 * Deletes the rows before `before` permanently, also in staging tables, within minutes. Store the deletion first, or an
 * insert may add such rows again.
 */
export async function removeRows(store: Store, bound: Bound, ownTables: readonly DeletedTable[] = []): Promise<void> {
  for (const { name, condition } of [...platformTables, stagedSlices]) {
    for (const table of await everyTable(store, name)) await removeFrom(store, table, condition, parameters(bound))
  }
  for (const { name, rows, time } of await timedTables(store, ownTables)) {
    await removeFrom(store, name, timesBefore(rows, time), parameters(bound))
  }
}

/** Deletes what is stored of a dead-letter topic's records before an offset. Call it when they have left the topic. */
export async function removeDeadLetters(
  store: Store,
  place: { topic: string; partition: number; before: number },
): Promise<void> {
  const condition = 'topic = {topic:String} AND partition = {partition:UInt32} AND offset < {before:UInt64}'
  await removeFrom(store, `${database}.${deadLetterRecordsTable.table}`, condition, place)
}

/** Returns the existing tables that have a time. Tables of a source that is off may never have been created. */
async function timedTables(store: Store, tables: readonly DeletedTable[]): Promise<Required<DeletedTable>[]> {
  if (tables.length === 0) return []
  const query = `SELECT concat(database, '.', name) AS qualified FROM system.tables
    WHERE concat(database, '.', name) IN {names:Array(String)}`
  const found = await readRows<{ qualified: string }>(store, query, { names: tables.map(({ name }) => name) })
  const there = new Set(found.map(({ qualified }) => qualified))
  return tables.flatMap(({ time, ...table }) =>
    time !== undefined && there.has(table.name) ? [{ ...table, time }] : [],
  )
}

/** Deletes until no row matches: an insert that began before the deletion may end after the first mutation. */
async function removeFrom(
  store: Store,
  table: string,
  condition: string,
  query_params: Record<string, unknown>,
): Promise<void> {
  while (await hasRows(store, table, condition, query_params)) {
    await mutate(store, `ALTER TABLE ${table} DELETE WHERE ${condition}`, query_params)
  }
}

/**
 * Returns the table `name` in database `tidemark`, and in the databases `tidemark_...` of staging tables, if it keeps rows.
 * A dry run has a view in place of a table, which leaves out what was deleted.
 */
async function everyTable(store: Store, name: string): Promise<string[]> {
  const query = `SELECT concat(database, '.', name) AS qualified FROM system.tables
    WHERE (database = {database:String} OR startsWith(database, {beside:String})) AND name = {name:String}
      AND endsWith(engine, 'MergeTree')`
  const found = await readRows<{ qualified: string }>(store, query, { database, beside: `${database}_`, name })
  return found.map(({ qualified }) => qualified)
}

async function hasRows(
  store: Store,
  table: string,
  condition: string,
  query_params: Record<string, unknown>,
): Promise<boolean> {
  const query = `SELECT count() + 0.0 AS n FROM ${table} WHERE ${condition}`
  const [row] = await readRows<{ n: number }>(store, query, query_params)
  return (row?.n ?? 0) > 0
}

/** Returns the keys of a dataset that have series metadata but no point at or after `before` (ms UTC). */
export async function keysWithoutPoints(store: Store, bound: Bound): Promise<string[]> {
  const found = await readRows<{ key: string }>(
    store,
    `SELECT DISTINCT key FROM ${database}.series WHERE dataset = {dataset:String} AND key NOT IN (
       SELECT key FROM ${database}.points WHERE dataset = {dataset:String} AND ts >= ${instant}
     ) ORDER BY key`,
    parameters(bound),
  )
  return found.map(({ key }) => key)
}

export async function removeSeries(store: Store, dataset: string, keys: string[]): Promise<void> {
  if (keys.length === 0) return
  const statement = `ALTER TABLE ${database}.series DELETE WHERE dataset = {dataset:String} AND key IN {keys:Array(String)}`
  await mutate(store, statement, { dataset, keys })
}

const parameters = ({ dataset, before }: Bound) => ({ dataset, before })

/** `mutations_sync: '2'` makes ClickHouse respond when all replicas are done. */
const mutate = (store: Store, query: string, query_params: Record<string, unknown>) =>
  store.command({ query, query_params, clickhouse_settings: { mutations_sync: '2' } })
