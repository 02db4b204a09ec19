// What was deleted from the store, and the deleting. The views that fill the tables keep it out from then on.
import type { Deletion } from '#schemas/generated/records.ts'
import { deletionsTable } from '#schemas/tables.ts'
import { database, insert, type Store } from './client.ts'

/** The bound of a dataset, ms UTC: what lies before it is deleted and never stored again. Undefined: nothing is. */
export async function boundOf(store: Store, dataset: string): Promise<number | undefined> {
  const [row] = await rows<{ bound: number | null }>(
    store,
    `SELECT if(count() = 0, NULL, toUnixTimestamp64Milli(max(before))) + 0.0 AS bound
     FROM ${database}.deletions WHERE dataset = {dataset:String}`,
    { dataset },
  )
  return row?.bound ?? undefined
}

/** Stores a deletion: what is inserted from now on honours it. Storing it again changes nothing. */
export async function storeDeletion(store: Store, deletion: Deletion): Promise<void> {
  const { table, columns } = deletionsTable
  await insert(store, table, columns, [deletionsTable.row(deletion)])
}

/** Every deletion that is stored, the oldest first. */
export const storedDeletions = (store: Store): Promise<Deletion[]> =>
  rows<Deletion>(
    store,
    `SELECT dataset, toUnixTimestamp64Milli(before) + 0.0 AS before, toUnixTimestamp64Milli(at) + 0.0 AS at, by, why
     FROM ${database}.deletions AS stored ORDER BY stored.at`,
    {},
  )

/** A table whose rows are deleted: its name with its database, which rows are the dataset's, and the time that they go by. */
export interface DeletedTable {
  name: string
  /** SQL over the table; may have the parameter `dataset`. */
  rows: string
  /** SQL of a DateTime; absent: its rows stay. */
  time?: string
}

// In milliseconds: compared as a text, an instant between two seconds would be refused.
const instant = "fromUnixTimestamp64Milli({before:Int64}, 'UTC')"
const timesBefore = (rows: string, time: string): string => `${rows} AND ${time} < ${instant}`

const ofDataset = 'dataset = {dataset:String}'
/** The platform's own, in the order of removal: an accepted answer leaves before its points. */
const platformTables = [
  { name: 'stored_answers', time: 'window_start', condition: `${ofDataset} AND window_end <= ${instant}` },
  { name: 'points', time: 'ts', condition: timesBefore(ofDataset, 'ts') },
  { name: 'point_revisions', time: 'ts', condition: timesBefore(ofDataset, 'ts') },
] as const

/** How many rows of one dataset lie before an instant, by year and table; the tables of points are always there. */
export interface DeletedRows {
  year: number
  points: number
  point_revisions: number
  [table: string]: number
}

/** How many rows lie before an instant (ms UTC), by year; collapsed or not. */
export async function rowsBefore(
  store: Store,
  bound: Bound,
  ownTables: readonly DeletedTable[] = [],
): Promise<DeletedRows[]> {
  const counts = new Map<number, DeletedRows>()
  const count = async (table: string, name: string, time: string, condition: string): Promise<void> => {
    const query = `SELECT toYear(${time}) AS year, count() + 0.0 AS n FROM ${table} WHERE ${condition} GROUP BY year`
    for (const { year, n } of await rows<{ year: number; n: number }>(store, query, parameters(bound))) {
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

/** A dataset and the instant before which it is deleted, ms UTC. */
export type Bound = Pick<Deletion, 'dataset' | 'before'>

/**
 * Removes what a dataset has before an instant for good, and returns when no row is left: accepted answers, points, and
 * records of the source's own; also from what rebuilds and dry runs have beside the tables. The deletion must be stored:
 * else new rows come as these go. Minutes for tens of millions of rows.
 */
export async function removeRows(store: Store, bound: Bound, ownTables: readonly DeletedTable[] = []): Promise<void> {
  for (const { name, condition } of platformTables) {
    for (const table of await everyTable(store, name)) await removeFrom(store, table, condition, bound)
  }
  for (const { name, rows, time } of await timedTables(store, ownTables)) {
    await removeFrom(store, name, timesBefore(rows, time), bound)
  }
}

/** Those that have a time to go by and are there: a source that is switched off may never have had its tables made. */
async function timedTables(store: Store, tables: readonly DeletedTable[]): Promise<Required<DeletedTable>[]> {
  if (tables.length === 0) return []
  const query = `SELECT concat(database, '.', name) AS qualified FROM system.tables
    WHERE concat(database, '.', name) IN {names:Array(String)}`
  const found = await rows<{ qualified: string }>(store, query, { names: tables.map(({ name }) => name) })
  const there = new Set(found.map(({ qualified }) => qualified))
  return tables.flatMap(({ time, ...table }) =>
    time !== undefined && there.has(table.name) ? [{ ...table, time }] : [],
  )
}

/** An insert that read the bounds before the deletion was stored may end after a mutation began. */
async function removeFrom(store: Store, table: string, condition: string, bound: Bound): Promise<void> {
  while (await hasRows(store, table, condition, bound)) {
    await mutate(store, `ALTER TABLE ${table} DELETE WHERE ${condition}`, parameters(bound))
  }
}

/** Tidemark's own table of that name, and those beside it. */
async function everyTable(store: Store, name: string): Promise<string[]> {
  const query = `SELECT concat(database, '.', name) AS qualified FROM system.tables
    WHERE (database = {database:String} OR startsWith(database, {beside:String})) AND name = {name:String}`
  const found = await rows<{ qualified: string }>(store, query, { database, beside: `${database}_`, name })
  return found.map(({ qualified }) => qualified)
}

async function hasRows(store: Store, table: string, condition: string, bound: Bound): Promise<boolean> {
  const query = `SELECT count() + 0.0 AS n FROM ${table} WHERE ${condition}`
  const [row] = await rows<{ n: number }>(store, query, parameters(bound))
  return (row?.n ?? 0) > 0
}

/** The keys of a dataset whose meaning is stored, and of whose points none lies at or after an instant (ms UTC). */
export async function keysWithoutPoints(store: Store, bound: Bound): Promise<string[]> {
  const found = await rows<{ key: string }>(
    store,
    `SELECT DISTINCT key FROM ${database}.series WHERE dataset = {dataset:String} AND key NOT IN (
       SELECT key FROM ${database}.points WHERE dataset = {dataset:String} AND ts >= ${instant}
     ) ORDER BY key`,
    parameters(bound),
  )
  return found.map(({ key }) => key)
}

/** Removes what keys mean, for good. */
export async function removeSeries(store: Store, dataset: string, keys: string[]): Promise<void> {
  if (keys.length === 0) return
  const statement = `ALTER TABLE ${database}.series DELETE WHERE dataset = {dataset:String} AND key IN {keys:Array(String)}`
  await mutate(store, statement, { dataset, keys })
}

const parameters = ({ dataset, before }: Bound) => ({ dataset, before })

/** 2: answered when all replicas have done it. */
const mutate = (store: Store, query: string, query_params: Record<string, unknown>) =>
  store.command({ query, query_params, clickhouse_settings: { mutations_sync: '2' } })

async function rows<Row>(store: Store, query: string, query_params: Record<string, unknown>): Promise<Row[]> {
  return (await store.query({ query, query_params, format: 'JSONEachRow' })).json<Row>()
}
