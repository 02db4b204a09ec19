import { readRows, type Store } from '#platform/clickhouse/client.ts'
import { printable } from '#platform/process/printable.ts'
import { UserError } from '#platform/process/user-error.ts'

export interface PointAnswer {
  value: number | null
  knownAtMs: number
  transformVersion: number
  windowStartMs: number
  windowEndMs: number
  stepS: number
  flags: string[]
  origin: string
  upstreamModifiedAtMs: number | null
  rawPartition: number
  rawOffset: number
  /** The request identity as a number; 0 if an older release stored the answer. */
  identity: number
}

/** An accepted answer, which replaces the earlier answers of its request identity. */
export type ReplacingAnswer = Pick<
  PointAnswer,
  'identity' | 'knownAtMs' | 'transformVersion' | 'rawPartition' | 'rawOffset'
>

/** A point with the answers that contained it: at least one, oldest first. */
export interface StoredPoint {
  tsMs: number
  answers: PointAnswer[]
  /** All accepted answers of the same request identities, oldest first. An answer without the point withdraws it. */
  replacing: ReplacingAnswer[]
}

/** Longest step of a point, s. Table `slices` rejects longer steps, so no search looks further back. */
const maxStepS = 366 * 86_400

/**
 * Finds the point at `atMs`, or else a point whose step contains `atMs`. Of several points, prefers those known by
 * `byMs`, then the newest known_at. Both times are ms UTC. Returns undefined if there is no such point.
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

const maxComparedChars = 200

/** Returns an error that says why a point does not exist, and suggests similar keys or the nearest times. */
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
