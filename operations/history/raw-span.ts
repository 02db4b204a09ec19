// Which raw records history is done again from.

import type { Kafka } from '#platform/kafka/client.ts'
import { offsetRange } from '#platform/kafka/read-range.ts'
import type { RawResponse, RawSpan } from '#schemas/generated/records.ts'
import { rawTopic } from '#schemas/topics.ts'

/** Windows that start in a half-open interval, ms UTC; null: without an end on that side. */
export interface WindowRange {
  fromMs: number | null
  toMs: number | null
}

/** All windows there are. */
export const allWindows: WindowRange = { fromMs: null, toMs: null }

/** Whether a raw record is of a dataset and of a window in the range. */
export function isWanted(record: RawResponse, dataset: string | null, { fromMs, toMs }: WindowRange): boolean {
  if (dataset !== null && record.dataset !== dataset) return false
  return (fromMs === null || record.windowStart >= fromMs) && (toMs === null || record.windowStart < toMs)
}

/** What is still there of raw records that were there: retention cuts the front of partitions at any time. */
export async function stillThere(kafka: Kafka, spans: readonly RawSpan[]): Promise<RawSpan[]> {
  const left: RawSpan[] = []
  for (const [topic, ofTopic] of Map.groupBy(spans, ({ topic }) => topic)) {
    const now = await offsetRange(kafka, topic)
    for (const span of ofTopic) {
      left.push({ ...span, from: Math.min(span.to, Math.max(span.from, now.get(span.partition)?.from ?? span.from)) })
    }
  }
  return left
}

/** All raw records that a source has now. What is written later is left to the normalizer that runs. */
export async function rawSpansNow(kafka: Kafka, source: string): Promise<RawSpan[]> {
  const topic = rawTopic(source).name
  const span = await offsetRange(kafka, topic)
  return [...span].map(([partition, { from, to }]) => ({ topic, partition, from, to }))
}
