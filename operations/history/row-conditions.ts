import type { RawSpan } from '#schemas/generated/records.ts'
import type { WindowRange } from './raw-span.ts'

/** Returns an SQL condition for rows whose window starts in the range. `windowStart` is an SQL expression. */
export function inWindows({ fromMs, toMs }: WindowRange, windowStart = 'window_start'): string {
  const at = (ms: number): string => `toDateTime(${Math.floor(ms / 1000)}, 'UTC')`
  const bounds = [
    ...(fromMs === null ? [] : [`${windowStart} >= ${at(fromMs)}`]),
    ...(toMs === null ? [] : [`${windowStart} < ${at(toMs)}`]),
  ]
  return bounds.length > 0 ? `(${bounds.join(' AND ')})` : 'true'
}

/** Returns an SQL condition for rows whose raw record lies in the spans. */
export const inSpans = (spans: RawSpan[]): string =>
  any(spans, ({ from, to }) => `raw_offset >= ${from} AND raw_offset < ${to}`)

/** Returns an SQL condition for rows whose raw record lies before the spans: retention has deleted that record. */
export const beforeSpans = (spans: RawSpan[]): string => any(spans, ({ from }) => `raw_offset < ${from}`)

function any(spans: RawSpan[], condition: (span: RawSpan) => string): string {
  const parts = spans.map((span) => `(raw_partition = ${span.partition} AND ${condition(span)})`)
  return parts.length > 0 ? `(${parts.join(' OR ')})` : 'false'
}
