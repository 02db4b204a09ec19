// What the store knows of one point: every answer that named it, and the answers of the same windows that came after.
import { quoteString } from '#local/clickhouse/quote.ts'
import type { StackFile } from '#local/stack-file.ts'
import { rowsOf } from '../ask-store.ts'

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
const longestStepS = 366 * 86_400

/**
 * The point of a series at an instant, or whose step holds the instant; of several steps that do, the one told last.
 * Undefined when no answer named one.
 *
 * @param byMs told by then, where there is such a one
 */
export async function pointAt(
  stack: StackFile,
  dataset: string,
  key: string,
  atMs: number,
  byMs: number,
): Promise<StoredPoint | undefined> {
  const atS = Math.floor(atMs / 1_000)
  const series = `dataset = ${quoteString(dataset)} AND key = ${quoteString(key)}`
  const [found] = await rowsOf<{ tsS: number }>(
    stack,
    `SELECT toUnixTimestamp(ts) AS tsS FROM tidemark.point_revisions
     WHERE ${series} AND ts <= toDateTime(${atS}, 'UTC') AND ts > toDateTime(${Math.max(0, atS - longestStepS)}, 'UTC')
       AND (tsS * 1000 = ${atMs} OR (tsS + step_s) * 1000 > ${atMs})
     ORDER BY tsS * 1000 = ${atMs} DESC, toUnixTimestamp64Milli(known_at) <= ${byMs} DESC, known_at DESC, ts DESC
     LIMIT 1`,
  )
  if (found === undefined) return undefined
  const rows = await rowsOf<PointAnswer>(
    stack,
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
  )
  const identities = [...new Set(rows.map(({ identity }) => identity))]
  const replacing = await rowsOf<ReplacingAnswer>(
    stack,
    `SELECT identity + 0.0 AS identity,
            toUnixTimestamp64Milli(known_at) + 0.0 AS knownAtMs,
            transform_version AS transformVersion,
            raw_partition AS rawPartition,
            raw_offset + 0.0 AS rawOffset
     FROM tidemark.stored_answers FINAL
     WHERE replaces AND dataset = ${quoteString(dataset)} AND stored_answers.identity IN (${identities.join(', ')})
     ORDER BY known_at, transform_version, raw_offset`,
  )
  return { tsMs: found.tsS * 1_000, answers: rows, replacing }
}
