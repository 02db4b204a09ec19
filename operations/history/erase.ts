// What today's explode no longer yields leaves the store: a row is erased, which is not a null.
import { database, insertSettings, type Store } from '#platform/clickhouse/client.ts'
import type { RawSpan } from '#schemas/generated/records.ts'
import type { OwnTable } from '#sources/source.ts'
import type { WindowRange } from './raw-span.ts'
import { inSpans, inWindows, readRows } from './read-rows.ts'
import { asPoints, pointColumns } from './staging-tables.ts'

/** What a replay published again. */
export interface ReplayedWindows {
  dataset: string
  windows: WindowRange
  /** The raw records that it read. Rows of others are never touched. */
  spans: RawSpan[]
  transformVersion: number
  /** Tables of the dataset's own records. */
  ownTables: readonly OwnTable[]
}

/** What is gone, because it was not published again. */
export interface ErasedCounts {
  /** Answers to points. */
  points: number
  /** Accepted answers. */
  answers: number
  /** Records of the source's own. */
  records: number
}

type Command = (query: string) => Promise<unknown>

/**
 * Removes the rows of the retold windows whose raw record was read and whose transform version is older: first the
 * accepted answers, so that the answers before them speak again, then the points, each of which gets the newest row that
 * remains, then the source's own records. To be called when all of the replay has reached the store and nothing of an
 * older version can still arrive. Safe to repeat, also after it died half-way.
 *
 * @param aside name of a database for what it notes meanwhile; dropped at the end
 */
export async function erase(store: Store, retold: ReplayedWindows, aside: string): Promise<ErasedCounts> {
  const { dataset, transformVersion } = retold
  const parameters = { dataset, transformVersion }
  const command = (query: string) =>
    store.command({ query, query_params: parameters, clickhouse_settings: insertSettings })
  const count = async (from: string): Promise<number> => {
    const [counted] = await readRows<{ rows: number }>(store, `SELECT count() AS rows FROM ${from}`, parameters)
    return counted?.rows ?? 0
  }
  const answers = await eraseAnswers(command, count, retold)
  const points = await erasePoints(command, count, retold, aside)
  return { points, answers, records: await eraseRecords(command, count, retold) }
}

const version = '{transformVersion:UInt16}'
const ofWindows = ({ windows }: ReplayedWindows): string => `dataset = {dataset:String} AND ${inWindows(windows)}`
/** Rows of points and of accepted answers that were read and are of an older transform. */
const outdatedRows = (retold: ReplayedWindows): string =>
  `${ofWindows(retold)} AND transform_version < ${version} AND ${inSpans(retold.spans)}`

type Count = (from: string) => Promise<number>

/** Of a raw position at most the newest transform's row is left; of one that was not published again none. */
async function eraseAnswers(command: Command, count: Count, retold: ReplayedWindows): Promise<number> {
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

async function erasePoints(command: Command, count: Count, retold: ReplayedWindows, aside: string): Promise<number> {
  const outdated = outdatedRows(retold)
  await command(`CREATE DATABASE IF NOT EXISTS ${aside}`)
  await command(`DROP TABLE IF EXISTS ${aside}.gone`)
  await command(`CREATE TABLE ${aside}.gone (key String, ts DateTime('UTC'), known_ms UInt64)
    ENGINE = MergeTree ORDER BY (key, ts)`)
  // By answer and point, in the order of the table, so that it needs no memory: no row of the new version told it again.
  await command(`INSERT INTO ${aside}.gone
    SELECT key, ts, toUInt64(toUnixTimestamp64Milli(known_at)) AS known_ms
    FROM (
      SELECT dataset, key, ts, known_at, max(transform_version) AS newest, max(${inSpans(retold.spans)}) AS was_read
      FROM ${database}.point_revisions
      WHERE ${ofWindows(retold)}
      GROUP BY dataset, key, ts, known_at
      HAVING newest < ${version} AND was_read
      SETTINGS optimize_aggregation_in_order = 1
    )`)
  const erased = await count(`${aside}.gone`)
  if (erased > 0) {
    // Before and after: readers see what remains as soon as the rest is gone, also when a merge came in between.
    await command(insertRemaining(aside, outdated))
    await command(`DELETE FROM ${database}.points WHERE dataset = {dataset:String}
      AND (key, ts) IN (SELECT key, ts FROM ${aside}.gone)
      AND (key, ts, intDiv(version, 8192)) IN (SELECT key, ts, known_ms FROM ${aside}.gone)
      AND intDiv(version, 2) % 4096 < ${version}`)
    await command(insertRemaining(aside, outdated))
  }
  const revisions = `${database}.point_revisions`
  if ((await count(`${revisions} WHERE ${outdated}`)) > 0) await command(`DELETE FROM ${revisions} WHERE ${outdated}`)
  await command(`DROP DATABASE ${aside} SYNC`)
  return erased
}

/** Of each point that lost an answer, the newest row that is not outdated. */
const insertRemaining = (aside: string, outdated: string): string => `INSERT INTO ${database}.points (${pointColumns})
  SELECT ${asPoints}
  FROM ${database}.point_revisions
  WHERE dataset = {dataset:String} AND (key, ts) IN (SELECT key, ts FROM ${aside}.gone) AND NOT (${outdated})
  ORDER BY dataset, key, ts, known_at DESC, transform_version DESC, identity DESC
  LIMIT 1 BY dataset, key, ts`

/** Tables of a source's own hold every reading of a record: the one before it speaks again by itself. */
async function eraseRecords(
  command: Command,
  count: Count,
  { ownTables, windows, spans }: ReplayedWindows,
): Promise<number> {
  let erased = 0
  for (const { name, rows, windowStart, transformVersion } of ownTables) {
    const ofTable = `${rows} AND ${inWindows(windows, windowStart)} AND ${inSpans(spans)}`
    const outdated = `${ofTable} AND ${transformVersion} < ${version}`
    // FINAL leaves the newest transform's row of each: older ones are those that were not published again.
    erased += await count(`${name} FINAL WHERE ${outdated}`)
    if ((await count(`${name} WHERE ${outdated}`)) > 0) await command(`DELETE FROM ${name} WHERE ${outdated}`)
  }
  return erased
}
