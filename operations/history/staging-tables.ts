// Staging tables in a separate database. They are filled through copies of the live views, so the same SQL applies.

import { database, insertSettings, readRows, type Store } from '#platform/clickhouse/client.ts'
import { openTableRows, placesByKey, tableAccess } from '#platform/clickhouse/table-rows.ts'
import type { TimeseriesSlice } from '#schemas/generated/records.ts'
import type { TableTarget } from '#schemas/record-schema.ts'
import { acceptedAnswersTable, slicesTable } from '#schemas/tables.ts'
import type { ReadAnswer } from './explode-span.ts'

/** `view` fills `table` from the rows of table `from`. The tables have the order in which they are exchanged. */
const filled = [
  { table: 'points', view: 'exploded_points_mv', from: 'exploded' },
  { table: 'point_revisions', view: 'exploded_revisions_mv', from: 'exploded' },
  { table: 'stored_answers', view: 'stored_answers_mv', from: 'accepted_answers' },
] as const

export type FilledTable = (typeof filled)[number]['table']

export async function createStaging(store: Store, staging: string, tables: FilledTable[]): Promise<void> {
  await store.command({ query: `CREATE DATABASE IF NOT EXISTS ${staging}` })
  const wanted = filled.filter(({ table }) => tables.includes(table))
  const isExploded = wanted.some(({ from }) => from === explodes.table)
  const sourcesOf = new Set([...(isExploded ? [explodes.from] : []), ...wanted.map(({ from }) => from)])
  for (const table of [...sourcesOf, ...tables]) {
    await store.command({ query: `CREATE TABLE IF NOT EXISTS ${staging}.${table} AS ${database}.${table}` })
  }
  if (isExploded) await stageView(store, staging, explodes)
  for (const each of wanted) await stageView(store, staging, each)
}

/**
 * Creates what a comparison needs: the accepted answers, and the points as a view that explodes the staged slices when it
 * is read. To store the points would cost more than all of the comparison.
 */
export async function createStagedSlices(store: Store, staging: string): Promise<void> {
  await createStaging(store, staging, ['stored_answers'])
  await store.command({
    query: `CREATE TABLE IF NOT EXISTS ${staging}.slices AS ${database}.slices ENGINE = MergeTree ORDER BY (dataset, key)`,
  })
  const { view, from } = explodes
  const select = await stagedSelect(store, staging, view, from)
  await store.command({ query: `CREATE VIEW IF NOT EXISTS ${staging}.point_revisions AS ${select}` })
}

/** Explodes the slices for the tables of points. */
const explodes = { table: 'exploded', view: 'exploded_mv', from: 'slices' }

/** @param into the database of the table that the staged rows fill */
async function stageView(
  store: Store,
  staging: string,
  { table, view, from }: typeof explodes,
  into = staging,
): Promise<void> {
  await createView(store, `${staging}.${view}`, `${into}.${table}`, await stagedSelect(store, staging, view, from))
}

/** Other tables that the view reads stay the live ones, so a row keeps the `stored_at` of the live row. */
const stagedSelect = async (store: Store, staging: string, view: string, from: string): Promise<string> =>
  (await selectOf(store, view)).replaceAll(`${database}.${from}`, `${staging}.${from}`)

/** Lets the live table that says where to look for changes know the slices that are staged, too. It may say too much. */
export const nameStagedSlices = (store: Store, staging: string): Promise<void> =>
  stageView(store, staging, { table: 'known_slices', view: 'known_slices_mv', from: 'slices' }, database)

/** Creates views that insert each new live row into the staging tables, too. */
export async function mirrorLiveInserts(store: Store, staging: string, tables: FilledTable[]): Promise<void> {
  for (const { table, view } of filled.filter(({ table }) => tables.includes(table))) {
    await createView(store, `${staging}.${view}_live`, `${staging}.${table}`, await selectOf(store, view))
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

export async function dropStaging(store: Store, staging: string): Promise<void> {
  await store.command({ query: `DROP DATABASE IF EXISTS ${staging} SYNC` })
}

/**
 * Returns a function that inserts answers like the sink, and skips rows that the store rejects. The function throws
 * TransientError if the store is unavailable. It throws the store's error if an unknown error affects every row.
 */
export function stagingInserter(store: Store, staging: string): (answers: readonly ReadAnswer[]) => Promise<void> {
  const insertSlices = inserterOf(store, staging, slicesTable)
  const insertAccepted = inserterOf(store, staging, acceptedAnswersTable)
  return async (answers) => {
    const taken = answers.flatMap(({ read }) => ('slices' in read ? [read] : []))
    const slices = taken.flatMap(({ slices }) => slices)
    const places = placesByKey(slices, ({ dataset, key }) => `${dataset}/${key}`)
    await insertSlices(places.map((place) => slices[place] as TimeseriesSlice))
    await insertAccepted(taken.flatMap(({ accepted }) => accepted ?? []))
  }
}

function inserterOf<T>(store: Store, staging: string, target: TableTarget<T>) {
  const rows = openTableRows(tableAccess(store, staging), target as TableTarget)
  return (records: T[]): Promise<unknown> =>
    rows.inBatch((writer) => writer.storeValues(records.flatMap((record) => rowOf(target, record))))
}

function rowOf<T>(target: TableTarget<T>, record: T): unknown[][] {
  try {
    return [target.row(record)]
  } catch {
    return []
  }
}

/** Copies the live rows that match `condition`: SQL on the columns dataset, raw_partition and raw_offset. */
export async function copyLiveRows(store: Store, staging: string, condition: string): Promise<void> {
  const copy = (query: string) => store.command({ query, clickhouse_settings: insertSettings })
  const from = `FROM ${database}.point_revisions FINAL WHERE ${condition}`
  await copy(`INSERT INTO ${staging}.point_revisions SELECT * ${from}`)
  await copy(`INSERT INTO ${staging}.points (${pointColumns}) SELECT ${asPoints} ${from}`)
  await copy(`INSERT INTO ${staging}.stored_answers SELECT * FROM ${database}.stored_answers FINAL WHERE ${condition}`)
}

/** Deletes live accepted answers that the staging table lacks, so that earlier answers count again. Safe to repeat. */
export async function deleteUnpublishedAnswers(store: Store, staging: string, condition: string): Promise<void> {
  const row = '(replaces, dataset, identity, known_at, raw_partition, raw_offset)'
  const told = `SELECT replaces, dataset, identity, known_at, raw_partition, raw_offset FROM ${staging}.stored_answers WHERE ${condition}`
  const untold = `(${condition}) AND ${row} NOT IN (${told})`
  const query = `SELECT count() AS rows FROM ${database}.stored_answers WHERE ${untold}`
  const [counted] = await readRows<{ rows: number }>(store, query, {})
  if ((counted?.rows ?? 0) === 0) return
  await store.command({
    query: `DELETE FROM ${database}.stored_answers WHERE ${untold}`,
    clickhouse_settings: insertSettings,
  })
}

export const pointColumns = 'dataset, key, ts, value, version, step_s, flags, identity'
const versionOf = '(toUInt64(toUnixTimestamp64Milli(known_at)) * 4096 + transform_version) * 2 + (identity > 0)'
export const asPoints = `dataset, key, ts, value, ${versionOf} AS version, step_s, flags, identity`
