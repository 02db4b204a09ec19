// What the store knows of one point: every answer that named it.
import { quoteString } from '#infra/clickhouse/endpoint/quote.ts'
import type { StackFile } from '#infra/local/stack-file.ts'
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
}

/** A point: its time, and the answers that named it, oldest first, at least one. */
export interface StoredPoint {
  tsMs: number
  answers: PointAnswer[]
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
            raw_offset + 0.0 AS rawOffset
     FROM tidemark.point_revisions FINAL
     WHERE ${series} AND ts = toDateTime(${found.tsS}, 'UTC')
     ORDER BY known_at`,
  )
  return { tsMs: found.tsS * 1_000, answers: rows }
}
