import { businessDay } from '#core/business-day.ts'
import type { Kafka } from '#platform/kafka/client.ts'
import { offsetRange } from '#platform/kafka/read-range.ts'
import type { RawResponse, RawSpan } from '#schemas/generated/records.ts'
import { rawTopic } from '#schemas/topics.ts'

/** Range of windows: those that start in [fromMs, toMs), ms UTC. null: unbounded. */
export interface WindowRange {
  fromMs: number | null
  toMs: number | null
}

export const allWindows: WindowRange = { fromMs: null, toMs: null }

/** Returns the range of the windows of local days, YYYY-MM-DD, both included. An absent day leaves its side unbounded. */
export const windowsOfDays = (zone: string, first: string | undefined, last: string | undefined): WindowRange => ({
  fromMs: first === undefined ? null : businessDay(zone, first).window.startMs,
  toMs: last === undefined ? null : businessDay(zone, last).window.endMs,
})

export function isInScope(record: RawResponse, dataset: string | null, { fromMs, toMs }: WindowRange): boolean {
  if (dataset !== null && record.dataset !== dataset) return false
  return (fromMs === null || record.windowStart >= fromMs) && (toMs === null || record.windowStart < toMs)
}

/** Returns the spans without the records that retention has deleted. */
export async function trimToRetained(kafka: Kafka, spans: readonly RawSpan[]): Promise<RawSpan[]> {
  const left: RawSpan[] = []
  for (const [topic, ofTopic] of Map.groupBy(spans, ({ topic }) => topic)) {
    const now = await offsetRange(kafka, topic)
    for (const span of ofTopic) {
      left.push({ ...span, from: Math.min(span.to, Math.max(span.from, now.get(span.partition)?.from ?? span.from)) })
    }
  }
  return left
}

/**
 * Returns the offset ranges of the raw records that a source has now. The running normalizer reads all later records.
 */
export async function currentRawSpans(kafka: Kafka, source: string): Promise<RawSpan[]> {
  const topic = rawTopic(source).name
  const span = await offsetRange(kafka, topic)
  return [...span].map(([partition, { from, to }]) => ({ topic, partition, from, to }))
}
