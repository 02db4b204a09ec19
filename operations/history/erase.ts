// Removes rows that today's explode no longer yields. Erasing a row differs from storing a null.
import { database, insertSettings, readRows, type Store } from '#platform/clickhouse/client.ts'
import type { RawSpan } from '#schemas/generated/records.ts'
import type { OwnTable } from '#sources/source.ts'
import type { WindowRange } from './raw-span.ts'
import { inSpans, inWindows } from './row-conditions.ts'
import { asPoints, pointColumns } from './staging-tables.ts'

export interface ReplayScope {
  dataset: string
  windows: WindowRange
  /** Offset ranges of the raw records that the replay read. Rows of other raw records stay. */
  spans: RawSpan[]
  transformVersion: number
  ownTables: readonly OwnTable[]
}

/** Counts of erased rows. */
export interface ErasedCounts {
  points: number
  answers: number
  records: number
}

type Command = (query: string) => Promise<unknown>

/**
 * Erases rows of an older transform version, if the replay read their raw record. First erases accepted answers, so
 * that earlier answers count again. Then erases points, and gives table `points` the newest remaining row of each. At
 * last erases rows of own tables. Call it when the store has all of the replay, and no row of an older version can
 * arrive any more. Safe to repeat. `aside` is the name of a temporary database.
 */
export async function erase(store: Store, retold: ReplayScope, aside: string): Promise<ErasedCounts> {
  const { dataset, transformVersion } = retold
  const parameters = { dataset, transformVersion }
  const settings = { ...insertSettings, mutations_sync: '2' } as const
  const command = (query: string) => store.command({ query, query_params: parameters, clickhouse_settings: settings })
  const count = async (from: string): Promise<number> => {
    const [counted] = await readRows<{ rows: number }>(store, `SELECT count() AS rows FROM ${from}`, parameters)
    return counted?.rows ?? 0
  }
  const answers = await eraseAnswers(command, count, retold)
  const points = await erasePoints(command, count, retold, aside)
  return { points, answers, records: await eraseRecords(command, count, retold) }
}

const version = '{transformVersion:UInt16}'
const ofWindows = ({ windows }: ReplayScope): string => `dataset = {dataset:String} AND ${inWindows(windows)}`
const outdatedRows = (retold: ReplayScope): string =>
  `${ofWindows(retold)} AND transform_version < ${version} AND ${inSpans(retold.spans)}`

type Count = (from: string) => Promise<number>

/** Erases accepted answers of older versions. Returns how many of them the replay did not publish again. */
async function eraseAnswers(command: Command, count: Count, retold: ReplayScope): Promise<number> {
  const table = `${database}.stored_answers`
  const outdated = outdatedRows(retold)
  if ((await count(`${table} WHERE ${outdated}`)) === 0) return 0
  const untold = await count(`(
    SELECT DISTINCT raw_partition, raw_offset FROM ${table}
    WHERE ${outdated} AND (raw_partition, raw_offset) NOT IN (
      SELECT raw_partition, raw_offset FROM ${table} WHERE ${ofWindows(retold)} AND transform_version >= ${version}
    ))`)
  await command(`DELETE FROM ${table} WHERE ${outdated}`)
  return untold
}

async function erasePoints(command: Command, count: Count, retold: ReplayScope, aside: string): Promise<number> {
  const outdated = outdatedRows(retold)
  await command(`CREATE DATABASE IF NOT EXISTS ${aside}`)
  await command(`DROP TABLE IF EXISTS ${aside}.gone`)
  await command(`CREATE TABLE ${aside}.gone (key String, ts DateTime('UTC'), known_ms UInt64)
    ENGINE = MergeTree ORDER BY (key, ts)`)
  await command(`INSERT INTO ${aside}.gone
    SELECT key, ts, toUInt64(toUnixTimestamp64Milli(known_at)) AS known_ms
    FROM ${database}.point_revisions
    WHERE ${ofWindows(retold)} AND (key, known_at) IN (${unlikeAnswers(retold)})
    GROUP BY dataset, key, ts, known_at
    HAVING max(transform_version) < ${version} AND max(${inSpans(retold.spans)})
    SETTINGS optimize_aggregation_in_order = 1`)
  const erased = await count(`${aside}.gone`)
  if (erased > 0) {
    // The remaining rows are inserted before the DELETE, so that readers see no gap. They are inserted again after it,
    // because a merge in between may have dropped them in favour of the outdated rows.
    await command(insertRemaining(aside, outdated))
    await command(`DELETE FROM ${database}.points WHERE dataset = {dataset:String}
      AND (key, ts, intDiv(version, 8192)) IN (SELECT key, ts, known_ms FROM ${aside}.gone)
      AND intDiv(version, 2) % 4096 < ${version}`)
    await command(insertRemaining(aside, outdated))
  }
  await eraseRevisions(command, count, outdated)
  await command(`DROP DATABASE ${aside} SYNC`)
  return erased
}

// At this share of a table, to write the rows that remain costs less than to mark those that go. DELETE marks rows: it
// writes one column of a large part, but all columns of a small one, and merges then read marked rows.
const rewrittenShare = 0.25

async function eraseRevisions(command: Command, count: Count, outdated: string): Promise<void> {
  const table = `${database}.point_revisions`
  const rows = await count(`${table} WHERE ${outdated}`)
  if (rows === 0) return
  const isRewritten = rows >= rewrittenShare * (await count(table))
  await command(`${isRewritten ? `ALTER TABLE ${table} DELETE` : `DELETE FROM ${table}`} WHERE ${outdated}`)
}

/**
 * Returns SQL for the answers, as key and known_at, of which points may be gone. An answer of which no rows are older has
 * none. Neither has an answer of which the older rows are of the same points as the newer ones: sums of hashes say so. These
 * are nearly all, because the points of an answer are stored, and merged, together. GROUP BY begins as the sorting key of
 * the table, so that the query needs little memory.
 */
const unlikeAnswers = (retold: ReplayScope): string => `SELECT key, known_at
  FROM (
    SELECT dataset, key, known_at, transform_version < ${version} AS is_older, intHash64(toUnixTimestamp(ts)) AS point
    FROM ${database}.point_revisions
    WHERE ${ofWindows(retold)}
  )
  GROUP BY dataset, key, known_at
  HAVING countIf(is_older) > 0
    AND (count() != 2 * countIf(is_older) OR sumIf(point, is_older) != sumIf(point, NOT is_older))
  SETTINGS optimize_aggregation_in_order = 1`

const insertRemaining = (aside: string, outdated: string): string => `INSERT INTO ${database}.points (${pointColumns})
  SELECT ${asPoints}
  FROM ${database}.point_revisions
  WHERE dataset = {dataset:String} AND (key, ts) IN (SELECT key, ts FROM ${aside}.gone) AND NOT (${outdated})
  ORDER BY dataset, key, ts, known_at DESC, transform_version DESC, identity DESC
  LIMIT 1 BY dataset, key, ts`

/**
 * Erases rows of older transform versions from own tables. Own tables keep the rows of all answers, so the rows of
 * earlier answers count again without an insert. Returns how many records the replay did not publish again.
 */
async function eraseRecords(
  command: Command,
  count: Count,
  { ownTables, windows, spans }: ReplayScope,
): Promise<number> {
  let erased = 0
  for (const { name, rows, windowStart, transformVersion } of ownTables) {
    const ofTable = `${rows} AND ${inWindows(windows, windowStart)} AND ${inSpans(spans)}`
    const outdated = `${ofTable} AND ${transformVersion} < ${version}`
    // FINAL keeps the newest version of each record. If this version is outdated, the record was not published again.
    erased += await count(`${name} FINAL WHERE ${outdated}`)
    if ((await count(`${name} WHERE ${outdated}`)) > 0) await command(`DELETE FROM ${name} WHERE ${outdated}`)
  }
  return erased
}
