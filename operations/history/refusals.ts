import { database, readRows, type Store } from '#platform/clickhouse/client.ts'
import type { Kafka } from '#platform/kafka/client.ts'
import { deadLetterHeaders } from '#platform/kafka/dead-letter.ts'
import { offsetRange, readRanges } from '#platform/kafka/read-range.ts'
import { deadLetterTopic, rawTopic } from '#schemas/topics.ts'
import type { ReadAnswer } from './explode-span.ts'

export interface RefusedAnswer {
  partition: number
  offset: number
  reason: string
  message: string
}

export const refusalsOf = (answers: readonly ReadAnswer[]): RefusedAnswer[] =>
  answers.flatMap(({ partition, offset, read }) => ('refusal' in read ? [{ partition, offset, ...read.refusal }] : []))

const positionsAtOnce = 1_000

/** Returns those refused answers that have rows in the store, because an earlier release accepted them. */
export async function acceptedBefore(
  store: Store,
  dataset: string,
  refused: RefusedAnswer[],
): Promise<RefusedAnswer[]> {
  const taken: RefusedAnswer[] = []
  for (let at = 0; at < refused.length; at += positionsAtOnce) {
    const some = refused.slice(at, at + positionsAtOnce)
    const positions = some.map(({ partition, offset }) => `(${partition}, ${offset})`).join(', ')
    const ofThem = `WHERE dataset = {dataset:String} AND (raw_partition, raw_offset) IN (${positions})`
    const query = `SELECT raw_partition AS partition, raw_offset AS offset FROM ${database}.point_revisions ${ofThem}
      UNION DISTINCT
      SELECT raw_partition AS partition, raw_offset AS offset FROM ${database}.stored_answers ${ofThem}`
    const stored = await readRows<{ partition: number; offset: number }>(store, query, { dataset })
    const names = new Set(stored.map(({ partition, offset }) => `${partition}/${offset}`))
    taken.push(...some.filter(({ partition, offset }) => names.has(`${partition}/${offset}`)))
  }
  return taken
}

/** Returns those raw records that have a dead letter. Raw records are named `partition/offset`. */
export async function withDeadLetter(kafka: Kafka, source: string, raws: readonly string[]): Promise<string[]> {
  if (raws.length === 0) return []
  const wanted = new Set(raws)
  const found = new Set<string>()
  const topic = deadLetterTopic(source).name
  await readRanges(kafka, topic, await offsetRange(kafka, topic), (letters) => {
    for (const { headers } of letters) {
      if (headers[deadLetterHeaders.topic]?.toString() !== rawTopic(source).name) continue
      const raw = `${headers[deadLetterHeaders.partition]}/${headers[deadLetterHeaders.offset]}`
      if (wanted.has(raw)) found.add(raw)
    }
  })
  return [...found]
}
