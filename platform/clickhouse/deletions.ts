// What was deleted from the store, and the deleting. The views that fill the tables keep it out from then on.
import type { Deletion } from '#schemas/generated/records.ts'
import { tableTargets } from '#schemas/tables.ts'
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
  const target = tableTargets.Deletion
  if (target) await insert(store, target.table, target.columns, [target.row(deletion)])
}

/** Every deletion that is stored, the oldest first. */
export const storedDeletions = (store: Store): Promise<Deletion[]> =>
  rows<Deletion>(
    store,
    `SELECT dataset, toUnixTimestamp64Milli(before) + 0.0 AS before, toUnixTimestamp64Milli(at) + 0.0 AS at, by, why
     FROM ${database}.deletions AS stored ORDER BY stored.at`,
    {},
  )

const pointTables = ['points', 'point_revisions'] as const

/** Rows by year of their ts, of one dataset before an instant. */
export interface DeletedRows {
  year: number
  points: number
  point_revisions: number
}

/** How many rows lie before an instant (ms UTC), by year; collapsed or not. */
export async function rowsBefore(store: Store, { dataset, before }: Bound): Promise<DeletedRows[]> {
  const counts = new Map<number, DeletedRows>()
  for (const table of pointTables) {
    const found = await rows<{ year: number; n: number }>(
      store,
      `SELECT toYear(ts) AS year, count() + 0.0 AS n FROM ${database}.${table} WHERE ${condition} GROUP BY year`,
      parameters({ dataset, before }),
    )
    for (const { year, n } of found) {
      const row = counts.get(year) ?? { year, points: 0, point_revisions: 0 }
      row[table] = n
      counts.set(year, row)
    }
  }
  return [...counts.values()].sort((one, other) => one.year - other.year)
}

/** A dataset and the instant before which it is deleted, ms UTC. */
export type Bound = Pick<Deletion, 'dataset' | 'before'>

/**
 * Removes a dataset's points before an instant from both tables, for good, and returns when no row is left; also from
 * what rebuilds and dry runs have beside them. The deletion must be stored: else new rows come as these go. Minutes for
 * tens of millions of rows.
 */
export async function removeRows(store: Store, bound: Bound): Promise<void> {
  for (const table of await everyPointTable(store)) {
    // An insert that read the bounds before the deletion was stored may end after a mutation began.
    while (await hasRows(store, table, bound)) {
      await mutate(store, `ALTER TABLE ${table} DELETE WHERE ${condition}`, parameters(bound))
    }
  }
}

async function everyPointTable(store: Store): Promise<string[]> {
  const query = `SELECT concat(database, '.', name) AS qualified FROM system.tables
    WHERE (database = {database:String} OR startsWith(database, {beside:String})) AND name IN {tables:Array(String)}`
  const found = await rows<{ qualified: string }>(store, query, {
    database,
    beside: `${database}_`,
    tables: pointTables,
  })
  return found.map(({ qualified }) => qualified)
}

async function hasRows(store: Store, table: string, bound: Bound): Promise<boolean> {
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

// In milliseconds: compared as a text, an instant between two seconds would be refused.
const instant = "fromUnixTimestamp64Milli({before:Int64}, 'UTC')"
const condition = `dataset = {dataset:String} AND ts < ${instant}`
const parameters = ({ dataset, before }: Bound) => ({ dataset, before })

/** 2: answered when all replicas have done it. */
const mutate = (store: Store, query: string, query_params: Record<string, unknown>) =>
  store.command({ query, query_params, clickhouse_settings: { mutations_sync: '2' } })

async function rows<Row>(store: Store, query: string, query_params: Record<string, unknown>): Promise<Row[]> {
  return (await store.query({ query, query_params, format: 'JSONEachRow' })).json<Row>()
}
