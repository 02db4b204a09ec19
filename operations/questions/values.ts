// SQL that returns the values of one series on its grid. A time of the grid without a value is a row with a null.
import type { Question } from '#platform/clickhouse/stream-rows.ts'
import type { Dataset, DeclaredStep } from '#sources/source.ts'

/** Buckets in place of points. A bucket of less than a day begins at a multiple of its length, UTC; others at local midnight. */
export const resolutions = ['PT15M', 'PT30M', 'PT1H', 'P1D', 'P1W', 'P1M'] as const
export type Resolution = (typeof resolutions)[number]

export interface ValuesRequest {
  dataset: Pick<Dataset, 'name' | 'steps' | 'calendar'>
  key: string
  /** ms UTC; `toMs` is excluded. */
  fromMs: number
  toMs: number
  /** As known at this instant, ms UTC. null: the newest values. */
  atMs: number | null
  /** IANA zone of days, weeks and months, and of the column `local`. null: UTC, and there is no such column. */
  zone: string | null
  /** null: points. */
  resolution: Resolution | null
}

/** Limit of the rows that an answer reads: fourteen years of quarter hours, or 57 days of ticks of 10 s. */
export const maxValueRows = 500_000

/**
 * Returns the SELECT of a series. Columns: ts, local (with a zone), value, known_at, step_s, flags; of buckets: ts, local,
 * value (the mean over time), min, max, coverage (which part of the bucket has values, 0 to 1).
 * A time of the declared grid without a value is a row with nulls, unless the step of an earlier value covers it.
 */
export function valuesQuestion(request: ValuesRequest): Question {
  const { dataset, key, fromMs, toMs, atMs, zone, resolution } = request
  const columns = resolution === null ? 'value, known_at, step_s, flags' : 'value, min, max, coverage'
  const from = resolution === null ? onGrid(request) : buckets(request, resolution)
  return {
    sql: `SELECT ts, ${zone === null ? '' : `${localText} AS local, `}${columns} FROM (${from}) ORDER BY ts`,
    ...(resolution === null && { nested: ['flags'] }),
    parameters: {
      ...{ dataset: dataset.name, key, from: seconds(fromMs), to: seconds(toMs), zone: zone ?? 'UTC' },
      ...(atMs !== null && { at: storeTime(atMs) }),
    },
  }
}

/** Returns how many rows the declared grid has in the span. */
export function gridRows(dataset: ValuesRequest['dataset'], fromMs: number, toMs: number): number {
  return gridsOf(dataset, fromMs, toMs).reduce(
    (rows, { fromS, toS, stepS }) => rows + Math.ceil((toS - fromS) / stepS),
    0,
  )
}

/** Returns an instant, ms UTC, as the store reads it in a parameter of the type DateTime64(3, 'UTC'). */
export const storeTime = (ms: number): string => new Date(ms).toISOString().replace('T', ' ').replace('Z', '')

const seconds = (ms: number): number => Math.floor(ms / 1_000)
// ISO 8601 has a colon in the offset: +01:00.
const localText = "replaceRegexpOne(formatDateTime(ts, '%Y-%m-%dT%H:%i:%S%z', {zone:String}), '(\\d\\d)$', ':\\1')"

/** SQL: the stored rows of the span. `length`: how long the value holds, seconds. */
function stored({ atMs }: ValuesRequest): string {
  const view = atMs === null ? 'tidemark.latest' : "tidemark.as_of(at = {at:DateTime64(3, 'UTC')})"
  return `SELECT ts, value, toNullable(known_at) AS known_at, toNullable(step_s) AS step_s, flags,
      toInt64(step_s) AS length, 1 AS is_stored
    FROM ${view} WHERE dataset = {dataset:String} AND key = {key:String}
      AND ts >= toDateTime({from:UInt32}, 'UTC') AND ts < toDateTime({to:UInt32}, 'UTC')`
}

/** SQL: the stored rows, and a row of nulls for each time of the grid that no stored row names or covers. */
function onGrid(request: ValuesRequest): string {
  const gaps = gridsOf(request.dataset, request.fromMs, request.toMs).map(
    ({ fromS, toS, stepS }) =>
      `SELECT toDateTime(arrayJoin(range(${fromS}, ${toS}, ${stepS})), 'UTC') AS ts, NULL AS value, NULL AS known_at,
        NULL AS step_s, [] AS flags, toInt64(${stepS}) AS length, 0 AS is_stored`,
  )
  if (gaps.length === 0) return stored(request)
  return `SELECT * FROM (
      SELECT *, max(if(is_stored = 1, toUnixTimestamp(ts) + length, 0))
        OVER (ORDER BY ts, is_stored DESC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS covered_to
      FROM (${[stored(request), ...gaps].join(' UNION ALL ')})
    ) WHERE is_stored = 1 OR toUnixTimestamp(ts) >= covered_to`
}

const shortBuckets: Partial<Record<Resolution, number>> = { PT15M: 900, PT30M: 1_800, PT1H: 3_600 }
const intervals: Partial<Record<Resolution, string>> = { P1D: 'DAY', P1W: 'WEEK', P1M: 'MONTH' }

function buckets(request: ValuesRequest, resolution: Resolution): string {
  const bucketS = shortBuckets[resolution]
  const pieces =
    bucketS === undefined
      ? longPieces(onGrid(request), intervals[resolution] ?? '')
      : shortPieces(onGrid(request), bucketS)
  return `SELECT bucket AS ts, if(known > 0, total / known, NULL) AS value, min, max, least(1, known / bucket_s) AS coverage FROM (
      SELECT bucket, any(bucket_s) AS bucket_s, sum(if(value IS NULL, 0, held)) AS known, sum(value * held) AS total,
        min(value) AS min, max(value) AS max
      FROM (${pieces}) GROUP BY bucket
    )`
}

/** SQL: the rows cut at the bounds of buckets. `held`: for how many seconds of the bucket the value holds. */
const shortPieces = (rows: string, bucketS: number): string => `
  SELECT toDateTime(piece, 'UTC') AS bucket, ${bucketS} AS bucket_s, value,
    least(piece + ${bucketS}, start + length) - greatest(piece, start) AS held
  FROM (
    SELECT value, toInt64(toUnixTimestamp(ts)) AS start, length,
      arrayJoin(range(intDiv(start, ${bucketS}) * ${bucketS}, start + length, ${bucketS})) AS piece
    FROM (${rows})
  )
  WHERE piece >= {from:UInt32} AND piece < {to:UInt32}`

/** SQL: a value belongs to the local day, week or month in which it begins. */
const longPieces = (rows: string, unit: string): string => `
  SELECT toTimeZone(toDateTime(toStartOfInterval(toTimeZone(ts, {zone:String}), INTERVAL 1 ${unit}), {zone:String}) AS begin, 'UTC') AS bucket,
    dateDiff('second', begin, begin + INTERVAL 1 ${unit}) AS bucket_s, value, length AS held
  FROM (${rows})`

interface Grid {
  fromS: number
  toS: number
  stepS: number
}

/** A longer step is a period, such as a month, and its values lie on no grid. */
const maxGridStepS = 86_400

/** Returns the parts of the span by declared step. A grid begins when its step is declared. Files have no grid. */
function gridsOf({ steps, calendar }: ValuesRequest['dataset'], fromMs: number, toMs: number): Grid[] {
  if (calendar.kind === 'files') return []
  return steps.flatMap(({ fromMs: declaredMs, stepS }: DeclaredStep, index): Grid[] => {
    const endMs = Math.min(toMs, steps[index + 1]?.fromMs ?? Number.POSITIVE_INFINITY)
    const stepMs = stepS * 1_000
    const firstMs = declaredMs + Math.max(0, Math.ceil((fromMs - declaredMs) / stepMs)) * stepMs
    if (stepS > maxGridStepS || firstMs >= endMs) return []
    return [{ fromS: seconds(firstMs), toS: seconds(endMs), stepS }]
  })
}
