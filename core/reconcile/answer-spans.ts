// Walks the accepted answers in spans that bound what a check has to read.
import { database, readRows, type Store } from '#platform/clickhouse/client.ts'

/** A span of instants, ms UTC: [fromMs, toMs], both included. */
export interface Span {
  fromMs: number
  toMs: number
}

/** All that the tables can hold: their times end in the year 2106. */
export const everKnown: Span = { fromMs: 0, toMs: 2 ** 32 * 1_000 - 1 }

/** What a span has at most. A span of one millisecond may have more. */
export interface SpanLimits {
  answers: number
  points: number
}

export interface AnswerSpan extends Span {
  /** The windows of the answers: [fromMs, toMs). */
  windows: { fromMs: number; toMs: number }
  /** True if no answer of the scope lies after the span. */
  isLast: boolean
}

export interface SpanScope {
  /** By which time the answers are ordered, and which time the span is of. */
  by: 'known_at' | 'stored_at'
  within: Span
  /** undefined: of all datasets. */
  dataset?: string
  /** Only answers that were stored first before this instant, ms UTC. */
  storedBeforeMs?: number
}

/** Returns the span of the first answers of a scope, from the first of them on; undefined if the scope has no answer. */
export async function firstAnswers(
  store: Store,
  { by, within, dataset, storedBeforeMs }: SpanScope,
  limits: SpanLimits,
): Promise<AnswerSpan | undefined> {
  const instant = (name: string) => `fromUnixTimestamp64Milli({${name}:Int64}, 'UTC')`
  const conditions = [
    `${by} >= ${instant('from')} AND ${by} <= ${instant('to')}`,
    ...(dataset === undefined ? [] : ['dataset = {dataset:String}']),
    ...(storedBeforeMs === undefined ? [] : [`stored_at < ${instant('storedBefore')}`]),
  ]
  const ms = (expression: string) => `toUnixTimestamp64Milli(${expression})`
  const [row] = await readRows<Span & { timesFromMs: number; timesToMs: number; chosen: number; read: number }>(
    store,
    `SELECT ${ms('min(at)')} AS fromMs, ${ms('max(at)')} AS toMs,
       ${ms('min(window_start)')} AS timesFromMs, ${ms('max(window_end)')} AS timesToMs,
       count() AS chosen, any(answers) AS read
     FROM
     (
       SELECT *, sum(points) OVER (ORDER BY at) AS points_so_far, min(at) OVER () AS first_at, count() OVER () AS answers
       FROM
       (
         SELECT ${by} AS at, points, window_start, window_end FROM ${database}.stored_answers
         WHERE ${conditions.join(' AND ')} ORDER BY at LIMIT {answers:UInt64} WITH TIES
       )
     )
     WHERE points_so_far <= {points:UInt64} OR at = first_at`,
    {
      ...{ from: within.fromMs, to: within.toMs, ...limits },
      ...(dataset !== undefined && { dataset }),
      ...(storedBeforeMs !== undefined && { storedBefore: storedBeforeMs }),
    },
  )
  if (row === undefined || row.chosen === 0) return undefined
  const { fromMs, toMs, timesFromMs, timesToMs, chosen, read } = row
  const isLast = chosen === read && read < limits.answers
  return { fromMs, toMs, windows: { fromMs: timesFromMs, toMs: timesToMs }, isLast }
}
