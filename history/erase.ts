// What today's explode no longer yields leaves the store: a row is erased, which is not a null.
import { database, insertSettings, type Store } from '#platform/clickhouse/client.ts'
import type { RawSpan } from '#schemas/generated/records.ts'
import { asPoints, pointColumns } from './beside-tables.ts'
import type { WindowRange } from './raw-span.ts'
import { inSpans, inWindows, readRows } from './read-rows.ts'

/** What a replay has told anew. */
export interface Retold {
  dataset: string
  windows: WindowRange
  /** The raw records that it read. Rows of others are never touched. */
  spans: RawSpan[]
  transformVersion: number
}

/**
 * Removes from both tables the rows of the retold windows whose raw record was read and whose transform version is older,
 * and gives each of their points the newest row that remains. To be called when all of the replay has reached the store
 * and nothing of an older version can still arrive. Safe to repeat, also after it died half-way.
 *
 * @param aside name of a database for what it notes meanwhile; dropped at the end
 * @returns how many answers to points are gone, for they were not told anew
 */
export async function erase(store: Store, { dataset, windows, spans, transformVersion }: Retold, aside: string) {
  const parameters = { dataset, transformVersion }
  const ofWindows = `dataset = {dataset:String} AND ${inWindows(windows)}`
  const outdated = `${ofWindows} AND transform_version < {transformVersion:UInt16} AND ${inSpans(spans)}`
  const command = (query: string) =>
    store.command({ query, query_params: parameters, clickhouse_settings: insertSettings })

  await command(`CREATE DATABASE IF NOT EXISTS ${aside}`)
  await command(`DROP TABLE IF EXISTS ${aside}.gone`)
  await command(`CREATE TABLE ${aside}.gone (key String, ts DateTime('UTC'), known_ms UInt64)
    ENGINE = MergeTree ORDER BY (key, ts)`)
  // By answer and point, in the order of the table, so that it needs no memory: no row of the new version told it again.
  await command(`INSERT INTO ${aside}.gone
    SELECT key, ts, toUInt64(toUnixTimestamp64Milli(known_at)) AS known_ms
    FROM (
      SELECT dataset, key, ts, known_at, max(transform_version) AS newest, max(${inSpans(spans)}) AS was_read
      FROM ${database}.point_revisions
      WHERE ${ofWindows}
      GROUP BY dataset, key, ts, known_at
      HAVING newest < {transformVersion:UInt16} AND was_read
      SETTINGS optimize_aggregation_in_order = 1
    )`)
  const [counted] = await readRows<{ erased: number }>(store, `SELECT count() AS erased FROM ${aside}.gone`, {})
  const erased = counted?.erased ?? 0
  if (erased > 0) {
    // Before and after: readers see what remains as soon as the rest is gone, also when a merge came in between.
    await command(insertRemaining(aside, outdated))
    await command(`DELETE FROM ${database}.points WHERE dataset = {dataset:String}
      AND (key, ts) IN (SELECT key, ts FROM ${aside}.gone)
      AND (key, ts, intDiv(version, 4096)) IN (SELECT key, ts, known_ms FROM ${aside}.gone)
      AND version % 4096 < {transformVersion:UInt16}`)
    await command(insertRemaining(aside, outdated))
  }
  const [left] = await readRows<{ rows: number }>(
    store,
    `SELECT count() AS rows FROM ${database}.point_revisions WHERE ${outdated}`,
    parameters,
  )
  if ((left?.rows ?? 0) > 0) await command(`DELETE FROM ${database}.point_revisions WHERE ${outdated}`)
  await command(`DROP DATABASE ${aside} SYNC`)
  return erased
}

/** Of each point that lost an answer, the newest row that is not outdated. */
const insertRemaining = (aside: string, outdated: string): string => `INSERT INTO ${database}.points (${pointColumns})
  SELECT ${asPoints}
  FROM ${database}.point_revisions
  WHERE dataset = {dataset:String} AND (key, ts) IN (SELECT key, ts FROM ${aside}.gone) AND NOT (${outdated})
  ORDER BY dataset, key, ts, known_at DESC, transform_version DESC
  LIMIT 1 BY dataset, key, ts`
