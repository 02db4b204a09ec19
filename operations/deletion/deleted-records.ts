// Which records of a source's topics a deletion concerns. Kafka can only cut the front of a partition: what lies behind a
// record that is kept stays.

import { explodeRaw } from '#core/explode-raw.ts'
import { topicsOf } from '#core/source-topics.ts'
import type { Kafka } from '#platform/kafka/client.ts'
import { highWatermarks } from '#platform/kafka/consumer-lag.ts'
import { deadLetterHeaders } from '#platform/kafka/dead-letter.ts'
import { deleteRecordsBefore } from '#platform/kafka/delete-records.ts'
import { offsetRange, readSpan, recordsIn, type StoredRecord } from '#platform/kafka/read-range.ts'
import { DecodeFailure, type Registry } from '#platform/kafka/registry.ts'
import type { Deletion, RawResponse } from '#schemas/generated/records.ts'
import { deadLetterTopic, rawTopic, seriesTopic } from '#schemas/topics.ts'
import type { Source } from '#sources/source.ts'

type Bound = Pick<Deletion, 'dataset' | 'before'>

/** What a partition holds that a deletion concerns. Counts are records. */
export interface ConcernedRecords {
  topic: string
  partition: number
  /** At the front: Kafka can cut them, up to `cutTo` (an offset, excluded). */
  cuttable: number
  cutTo: number
  /** Behind the first record that must be kept. */
  remaining: number
  /** How long the topic keeps what remains, ms after it was written; null: for ever. */
  keptMs: number | null
  /** One past the last record that was looked at. */
  end: number
}

/** The brokers' side of a deletion. */
export interface Topics {
  kafka: Kafka
  registry: Registry
}

/**
 * Reads the source's answers, slices, own records and dead letters once, and says of each partition what a deletion
 * concerns.
 *
 * @param progress told of the records read, of how many, of a topic
 */
export async function concernedRecords(
  topics: Topics,
  source: Source,
  bound: Bound,
  progress: (topic: string, read: number, of: number) => void = () => {},
): Promise<ConcernedRecords[]> {
  const isDeleted = deletedBy(topics.registry, source, bound)
  const found: ConcernedRecords[] = []
  for (const { name, config } of topicsOf(source).filter(({ name }) => isRead(source, name))) {
    const retentionMs = Number(config['retention.ms'] ?? -1)
    const span = await offsetRange(topics.kafka, name)
    const partitions = new Map(
      [...span].map(([partition, { from, to }]) => {
        const keptMs = retentionMs < 0 ? null : retentionMs
        return [partition, { topic: name, partition, cuttable: 0, cutTo: from, remaining: 0, keptMs, end: to }]
      }),
    )
    const of = recordsIn(span.values())
    let read = 0
    const blocked = new Set<number>()
    await readSpan(topics.kafka, name, span, async (records) => {
      const deleted = await isDeleted(records)
      records.forEach(({ partition, offset }, index) => {
        const state = partitions.get(partition)
        if (state === undefined) return
        if (!deleted[index]) blocked.add(partition)
        else if (blocked.has(partition)) state.remaining += 1
        else {
          state.cuttable += 1
          state.cutTo = offset + 1
        }
      })
      read += records.length
      progress(name, read, of)
    })
    found.push(...partitions.values())
  }
  return found
}

/** Cuts what can be cut of what was found. Whoever consumes the topics should have passed it. */
export async function cut(kafka: Kafka, found: readonly ConcernedRecords[]): Promise<void> {
  for (const [topic, partitions] of Map.groupBy(found, ({ topic }) => topic)) {
    await deleteRecordsBefore(kafka, topic, new Map(partitions.map(({ partition, cutTo }) => [partition, cutTo])))
  }
}

/** Whether the topics have grown since they were looked at. */
export async function haveGrown(kafka: Kafka, found: readonly ConcernedRecords[]): Promise<boolean> {
  for (const [topic, partitions] of Map.groupBy(found, ({ topic }) => topic)) {
    const ends = await highWatermarks(kafka, topic)
    if (partitions.some(({ partition, end }) => ends.get(partition) !== end)) return true
  }
  return false
}

/** What keys mean goes with its key, not by times. */
const isRead = ({ name }: Source, topic: string): boolean => topic !== seriesTopic(name).name

/** A record of any topic of a source, decoded. */
type Content = Record<string, unknown>

/**
 * Says of records of the source's topics whether nothing in them is to be kept: the dataset's, of windows that end at or
 * before the bound; where records speak of other times than their window's (votes), of these. A dead letter is what its
 * bytes are on the topic that it came from; what cannot be read is kept.
 */
function deletedBy(registry: Registry, source: Source, { dataset, before }: Bound) {
  const raw = rawTopic(source.name).name
  const letters = deadLetterTopic(source.name).name
  const decoders = new Map(
    topicsOf(source).flatMap(({ name, record }) =>
      record !== null && isRead(source, name) ? [[name, registry.decoder(record)] as const] : [],
    ),
  )
  const originOf = ({ topic, headers }: StoredRecord): string =>
    topic === letters ? `${headers[deadLetterHeaders.topic]}` : topic
  const declared = source.datasets.find(({ name }) => name === dataset)
  const lastMsOf = new Map(
    (source.topics ?? []).flatMap(({ suffix, lastMs }) =>
      lastMs && declared?.records?.topics.includes(suffix) ? [[suffix, lastMs] as const] : [],
    ),
  )

  const isDeleted = (record: StoredRecord): boolean => {
    const origin = originOf(record)
    const content = decoders.get(origin)?.decode(record.value) as Content | undefined
    if (content === undefined || content instanceof DecodeFailure || content.dataset !== dataset) return false
    const lastMs = lastMsOf.get(origin.slice(source.name.length + 1))
    if (lastMs) return lastMs(content) < before
    if (origin === raw && lastMsOf.size > 0) return isOfBefore(content as unknown as RawResponse, record)
    return Number(content.windowEnd) <= before
  }
  /** Whether all that an answer holds is of times before the bound, and nothing of it was refused. */
  const isOfBefore = (record: RawResponse, { partition, offset }: StoredRecord): boolean => {
    const exploded = explodeRaw({ record, partition, offset: `${offset}` }, new Map(declared && [[dataset, declared]]))
    if ('refusal' in exploded || exploded.refusedParts.length + exploded.slices.length > 0) return false
    return exploded.records.every(({ topic, record }) => (lastMsOf.get(topic)?.(record) ?? Infinity) < before)
  }
  return async (records: StoredRecord[]): Promise<boolean[]> => {
    for (const [topic, decoder] of decoders) {
      await decoder.prepare(records.filter((record) => originOf(record) === topic).map(({ value }) => value))
    }
    return records.map(isDeleted)
  }
}
