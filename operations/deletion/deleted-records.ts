// Kafka can only delete the front of a partition, so deleted records behind a kept record remain.

import { explodeRaw } from '#core/explode-raw.ts'
import { topicsOf } from '#core/source-topics.ts'
import type { Store } from '#platform/clickhouse/client.ts'
import { removeDeadLetters } from '#platform/clickhouse/deletions.ts'
import type { Kafka } from '#platform/kafka/client.ts'
import { highWatermarks } from '#platform/kafka/consumer-lag.ts'
import { deadLetterHeaders } from '#platform/kafka/dead-letter.ts'
import { deleteRecordsBefore } from '#platform/kafka/delete-records.ts'
import { offsetRange, readRanges, recordsIn, type StoredRecord } from '#platform/kafka/read-range.ts'
import { DecodeFailure, type Registry } from '#platform/kafka/registry.ts'
import type { Deletion, RawResponse } from '#schemas/generated/records.ts'
import { deadLetterTopic, rawTopic, seriesTopic } from '#schemas/topics.ts'
import type { Source } from '#sources/source.ts'

type Bound = Pick<Deletion, 'dataset' | 'before'>

export interface AffectedRecords {
  topic: string
  partition: number
  /** Number of affected records at the front of the partition, before offset `cutTo`. Kafka can delete only these. */
  cuttable: number
  cutTo: number
  /** Number of affected records behind a record that must be kept. The affected records stay on the topic. */
  remaining: number
  /** Retention of the topic, ms; null if unlimited. */
  keptMs: number | null
  /** High watermark at the time of the survey. */
  end: number
}

export interface TopicClients {
  kafka: Kafka
  registry: Registry
}

/**
 * Counts the affected records in the source's topics. `progress` gets a topic, its records read, and all its records.
 */
export async function findAffectedRecords(
  topics: TopicClients,
  source: Source,
  bound: Bound,
  progress: (topic: string, read: number, of: number) => void = () => {},
): Promise<AffectedRecords[]> {
  const isDeleted = deletedBy(topics.registry, source, bound)
  const found: AffectedRecords[] = []
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
    await readRanges(topics.kafka, name, span, async (records) => {
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

/**
 * Deletes the affected records at the front of each partition, and what the store has of those that are dead letters.
 * Call it when all consumers have read them.
 */
export async function cutTopics(
  { kafka, store }: { kafka: Kafka; store: Store },
  found: readonly AffectedRecords[],
): Promise<void> {
  for (const [topic, partitions] of Map.groupBy(found, ({ topic }) => topic)) {
    await deleteRecordsBefore(kafka, topic, new Map(partitions.map(({ partition, cutTo }) => [partition, cutTo])))
    for (const { partition, cutTo } of partitions) await removeDeadLetters(store, { topic, partition, before: cutTo })
  }
}

export async function haveGrown(kafka: Kafka, found: readonly AffectedRecords[]): Promise<boolean> {
  for (const [topic, partitions] of Map.groupBy(found, ({ topic }) => topic)) {
    const ends = await highWatermarks(kafka, topic)
    if (partitions.some(({ partition, end }) => ends.get(partition) !== end)) return true
  }
  return false
}

/** True: the deletion reads the topic. False for series metadata, which is deleted by key and not by time. */
const isRead = ({ name }: Source, topic: string): boolean => topic !== seriesTopic(name).name

type Content = Record<string, unknown>

/**
 * Returns a function that says for each record whether the deletion affects it: the record is of the dataset, and its
 * window ends at or before the bound. Own records with a time, for example votes, are compared by this time and not by
 * the window. A dead letter counts like the refused record. Records that cannot be decoded are kept.
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
  /** Returns true if today's explode accepts the whole answer, and all its records are before the bound. */
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
