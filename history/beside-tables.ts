// Tables beside tidemark's own, in a database of their own: what would be there if all were read today. They are filled
// through a table of slices and views like the sink's, so the same SQL explodes them.

import { database, insert, insertSettings, type Store } from '#platform/clickhouse/client.ts'
import { errorKind, needsOperator } from '#platform/clickhouse/errors.ts'
import { storeBatch, tableEvidence } from '#platform/clickhouse/store-batch.ts'
import type { TimeseriesSlice } from '#schemas/generated/records.ts'
import { tableTargets } from '#schemas/tables.ts'

/** The tables that slices are exploded into, with the view that does it. */
const exploded = [
  { table: 'points', view: 'fill_points' },
  { table: 'point_revisions', view: 'fill_point_revisions' },
] as const

export type ExplodedTable = (typeof exploded)[number]['table']

/** Creates them, empty; those that are there already stay as they are. */
export async function createBeside(store: Store, beside: string, tables: ExplodedTable[]): Promise<void> {
  await store.command({ query: `CREATE DATABASE IF NOT EXISTS ${beside}` })
  for (const table of ['slices', ...tables]) {
    await store.command({ query: `CREATE TABLE IF NOT EXISTS ${beside}.${table} AS ${database}.${table}` })
  }
  for (const { table, view } of exploded.filter(({ table }) => tables.includes(table))) {
    const select = (await selectOf(store, view)).replaceAll(`${database}.slices`, `${beside}.slices`)
    await createView(store, `${beside}.${view}`, `${beside}.${table}`, select)
  }
}

/** From now on, what is inserted into tidemark's own slices is exploded into the tables beside them too. */
export async function followLive(store: Store, beside: string, tables: ExplodedTable[]): Promise<void> {
  for (const { table, view } of exploded.filter(({ table }) => tables.includes(table))) {
    await createView(store, `${beside}.${view}_live`, `${beside}.${table}`, await selectOf(store, view))
  }
}

const createView = (store: Store, name: string, target: string, select: string) =>
  store.command({ query: `CREATE MATERIALIZED VIEW IF NOT EXISTS ${name} TO ${target} AS ${select}` })

async function selectOf(store: Store, view: string): Promise<string> {
  const result = await store.query({
    query: 'SELECT as_select FROM system.tables WHERE database = {database:String} AND name = {view:String}',
    query_params: { database, view },
    format: 'TabSeparatedRaw',
  })
  const select = (await result.text()).trim()
  if (select === '') throw new Error(`there is no view ${database}.${view}: has provisioning run?`)
  return select
}

/** Drops them with all that is in them; none is no error. */
export async function dropBeside(store: Store, beside: string): Promise<void> {
  await store.command({ query: `DROP DATABASE IF EXISTS ${beside} SYNC` })
}

/**
 * A function that inserts slices as the sink does; those that the store refuses are left out. It throws Unwell when the
 * store is away, and what the store says when it refuses every row for a reason that is not known to be the rows'.
 */
export function besideInserter(store: Store, beside: string): (slices: TimeseriesSlice[]) => Promise<void> {
  const target = tableTargets.TimeseriesSlice
  if (!target) throw new Error('slices have no table')
  const inserter = {
    insert: (rows: unknown[][]) => insert(store, target.table, target.columns, rows, beside),
    errorKind,
    needsOperator,
  }
  const evidence = tableEvidence()
  return async (slices) => {
    const rows = slices.flatMap((slice) => rowOf(target.row, slice))
    await storeBatch(rows, inserter, evidence)
  }
}

function rowOf(row: (slice: TimeseriesSlice) => unknown[], slice: TimeseriesSlice): unknown[][] {
  try {
    return [row(slice)]
  } catch {
    return []
  }
}

/** Copies rows of the revisions into the tables beside: those that a condition (SQL over point_revisions) holds for. */
export async function copyBeside(store: Store, beside: string, condition: string, parameters: Record<string, unknown>) {
  const options = { query_params: parameters, clickhouse_settings: insertSettings }
  const from = `FROM ${database}.point_revisions FINAL WHERE ${condition}`
  await store.command({ query: `INSERT INTO ${beside}.point_revisions SELECT * ${from}`, ...options })
  await store.command({
    query: `INSERT INTO ${beside}.points (${pointColumns}) SELECT ${asPoints} ${from}`,
    ...options,
  })
}

/** The columns of points, and how a row of point_revisions gives them. */
export const pointColumns = 'dataset, key, ts, value, version, step_s, flags'
export const versionOf = 'toUInt64(toUnixTimestamp64Milli(known_at)) * 4096 + transform_version'
export const asPoints = `dataset, key, ts, value, ${versionOf} AS version, step_s, flags`
