// What the store knows of one point: every answer that named it, and the answers of the same windows that came after.
import type { Store } from '#platform/clickhouse/client.ts'
import { printable } from '#platform/process/printable.ts'
import { UserError } from '#platform/process/user-error.ts'
import { readRows } from '../history/read-rows.ts'

/** One answer that named a point. Times in ms UTC. */
export interface PointAnswer {
  value: number | null
  knownAtMs: number
  transformVersion: number
  windowStartMs: number
  windowEndMs: number
  stepS: number
  flags: string[]
  origin: string
  /** null: upstream told none. */
  upstreamModifiedAtMs: number | null
  rawPartition: number
  rawOffset: number
  /** Of its request identity as a number; 0 where an older release stored it. */
  identity: number
}

/** An accepted answer that replaces the earlier ones of its request identity. Times in ms UTC. */
export type ReplacingAnswer = Pick<
  PointAnswer,
  'identity' | 'knownAtMs' | 'transformVersion' | 'rawPartition' | 'rawOffset'
>

/** A point: its time, and the answers that named it, oldest first, at least one. */
export interface StoredPoint {
  tsMs: number
  answers: PointAnswer[]
  /** Those of the identities that named the point, oldest first: whoever comes after and does not name it withdraws it. */
  replacing: ReplacingAnswer[]
}

/** No step is longer: table slices refuses it. */
const maxStepS = 366 * 86_400

/**
 * The point of a series at an instant, or whose step holds the instant; of several steps that do, the one told last.
 * Undefined when no answer named one.
 *
 * @param byMs told by then, where there is such a one
 */
export async function pointAt(
  store: Store,
  dataset: string,
  key: string,
  atMs: number,
  byMs: number,
): Promise<StoredPoint | undefined> {
  const atS = Math.floor(atMs / 1_000)
  const series = 'dataset = {dataset:String} AND key = {key:String}'
  const [found] = await readRows<{ tsS: number }>(
    store,
    `SELECT toUnixTimestamp(ts) AS tsS FROM tidemark.point_revisions
     WHERE ${series} AND ts <= toDateTime(${atS}, 'UTC') AND ts > toDateTime(${Math.max(0, atS - maxStepS)}, 'UTC')
       AND (tsS * 1000 = ${atMs} OR (tsS + step_s) * 1000 > ${atMs})
     ORDER BY tsS * 1000 = ${atMs} DESC, toUnixTimestamp64Milli(known_at) <= ${byMs} DESC, known_at DESC, ts DESC
     LIMIT 1`,
    { dataset, key },
  )
  if (found === undefined) return undefined
  const rows = await readRows<PointAnswer>(
    store,
    `SELECT value,
            toUnixTimestamp64Milli(known_at) + 0.0 AS knownAtMs,
            transform_version AS transformVersion,
            toUnixTimestamp(window_start) * 1000.0 AS windowStartMs,
            toUnixTimestamp(window_end) * 1000.0 AS windowEndMs,
            step_s AS stepS,
            splitByWhitespace(flags) AS flags,
            origin,
            nullIf(toUnixTimestamp64Milli(upstream_modified_at), 0) + 0.0 AS upstreamModifiedAtMs,
            raw_partition AS rawPartition,
            raw_offset + 0.0 AS rawOffset,
            identity + 0.0 AS identity
     FROM tidemark.point_revisions FINAL
     WHERE ${series} AND ts = toDateTime(${found.tsS}, 'UTC')
     ORDER BY known_at`,
    { dataset, key },
  )
  const identities = [...new Set(rows.map(({ identity }) => identity))]
  const replacing = await readRows<ReplacingAnswer>(
    store,
    `SELECT identity + 0.0 AS identity,
            toUnixTimestamp64Milli(known_at) + 0.0 AS knownAtMs,
            transform_version AS transformVersion,
            raw_partition AS rawPartition,
            raw_offset + 0.0 AS rawOffset
     FROM tidemark.stored_answers FINAL
     WHERE replaces AND dataset = {dataset:String} AND stored_answers.identity IN (${identities.join(', ')})
     ORDER BY known_at, transform_version, raw_offset`,
    { dataset },
  )
  return { tsMs: found.tsS * 1_000, answers: rows, replacing }
}

/** Names are shorter; what is much longer need not be compared to the end. */
const maxComparedChars = 200

/** Why there is nothing to say of a point, and what there is instead: keys that are alike, or the times of the series. */
export async function unknownPoint(store: Store, dataset: string, key: string, atMs: number): Promise<UserError> {
  const shown = printable(key.slice(0, maxComparedChars))
  const [span] = await readRows<SeriesSpan>(
    store,
    `SELECT count() + 0.0 AS points, toString(min(ts)) AS first, toString(max(ts)) AS last,
            maxIf(toUnixTimestamp(ts), ts <= toDateTime(${Math.floor(atMs / 1_000)}, 'UTC')) AS beforeS,
            minIf(toUnixTimestamp(ts), ts > toDateTime(${Math.floor(atMs / 1_000)}, 'UTC')) AS afterS
     FROM tidemark.points WHERE dataset = {dataset:String} AND key = {key:String}`,
    { dataset, key },
  )
  if (span !== undefined && span.points > 0) return new UserError(noSuchTime(dataset, shown, atMs, span))
  const alike = await readRows<{ key: string }>(
    store,
    `SELECT DISTINCT key FROM tidemark.series WHERE dataset = {dataset:String}
     ORDER BY damerauLevenshteinDistance(lower(toString(key)), lower({start:String})), key
     LIMIT 5`,
    { dataset, start: key.slice(0, maxComparedChars) },
  )
  if (alike.some((row) => row.key === key)) {
    return new UserError(
      `${dataset} ${shown} is known, but no value of it is stored: what today's code no longer yields was erased by a replay (table replays), or it was deleted (table deletions).`,
    )
  }
  if (alike.length === 0) return new UserError(`Nothing of ${dataset} is stored yet.`)
  const names = alike.map((row) => printable(row.key)).join(', ')
  return new UserError(`${dataset} has no key ${shown}; the most alike are ${names}.`)
}

/** What is stored of a series: UTC, s; 0 where there is none. */
interface SeriesSpan {
  points: number
  first: string
  last: string
  beforeS: number
  afterS: number
}

function noSuchTime(dataset: string, key: string, atMs: number, { first, last, beforeS, afterS }: SeriesSpan): string {
  const around = [beforeS, afterS].filter((seconds) => seconds > 0).map((seconds) => secondsText(seconds * 1_000))
  const nearest = around.length === 1 ? 'nearest is' : 'nearest are'
  const times = `its times go from ${first} to ${last} UTC, ${nearest} ${around.join(' and ')}`
  return `${dataset} ${key} has no value at ${secondsText(atMs)}: ${times}.`
}

const secondsText = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z')
