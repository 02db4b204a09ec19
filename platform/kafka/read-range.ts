import type { IHeaders, KafkaMessage } from 'kafkajs'
import { type Kafka, withAdmin } from './client.ts'

export interface StoredRecord {
  topic: string
  partition: number
  offset: number
  key: Buffer | null
  value: Buffer | null
  headers: Record<string, Buffer>
  writtenAtMs: number
}

/** A range of offsets in a partition: `from` is included, `to` is excluded. */
export interface OffsetRange {
  from: number
  to: number
}

export type TopicRanges = ReadonlyMap<number, OffsetRange>

/** Returns the number of offsets in the ranges. A compacted topic has fewer records. */
export const recordsIn = (spans: Iterable<OffsetRange>): number => {
  let records = 0
  for (const { from, to } of spans) records += to - from
  return records
}

export async function offsetRange(kafka: Kafka, topic: string): Promise<TopicRanges> {
  return withAdmin(kafka, async (admin) => {
    const offsets = await admin.fetchTopicOffsets(topic)
    return new Map(offsets.map(({ partition, low, high }) => [partition, { from: Number(low), to: Number(high) }]))
  })
}

/** Returns the offset ranges of the records with Kafka timestamps from `fromMs` to `toMs`, both included. */
export async function rangesBetween(kafka: Kafka, topic: string, fromMs: number, toMs: number): Promise<TopicRanges> {
  return withAdmin(kafka, async (admin) => {
    const firsts = await admin.fetchTopicOffsetsByTimestamp(topic, Math.max(0, fromMs))
    const ends = await admin.fetchTopicOffsetsByTimestamp(topic, Math.max(0, toMs + 1))
    const to = new Map(ends.map(({ partition, offset }) => [partition, Number(offset)]))
    return new Map(
      firsts.map(({ partition, offset }) => [partition, { from: Number(offset), to: to.get(partition) ?? 0 }]),
    )
  })
}

/**
 * Reads offset ranges of a topic once, in order within a partition, without commits. Skips deleted records.
 * @param maxFetchBytes maximum size of a fetch of a partition, before decompression; a batch is read in any case
 */
export async function readRanges(
  kafka: Kafka,
  topic: string,
  span: TopicRanges,
  read: (records: StoredRecord[]) => Promise<void> | void,
  maxFetchBytes = 1024 * 1024,
): Promise<void> {
  const held = await offsetRange(kafka, topic)
  const next = new Map<number, number>()
  const endOf = (partition: number): number => Math.min(span.get(partition)?.to ?? 0, held.get(partition)?.to ?? 0)
  for (const [partition, { from }] of span) {
    // A partition whose records are all deleted yields no batch, so it is not waited for.
    const first = Math.max(from, held.get(partition)?.from ?? 0)
    if (first < endOf(partition)) next.set(partition, first)
  }
  if (next.size === 0) return
  const groupId = `tidemark-read-${crypto.randomUUID()}`
  const consumer = kafka.consumer({
    ...{ groupId, maxWaitTimeInMs: 100, allowAutoTopicCreation: false },
    maxBytesPerPartition: maxFetchBytes,
  })
  try {
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    await new Promise<void>((resolve, reject) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => {
        if (!payload.restart) reject(payload.error)
      })
      const running = consumer.run({
        autoCommit: false,
        eachBatch: async ({ batch }) => {
          const { partition } = batch
          const expected = next.get(partition)
          if (expected === undefined) return consumer.pause([{ topic, partitions: [partition] }])
          const to = endOf(partition)
          const records = batch.messages
            .filter(({ offset }) => Number(offset) >= expected && Number(offset) < to)
            .map((message) => storedRecord(topic, partition, message))
          try {
            if (records.length > 0) await read(records)
          } catch (error) {
            next.clear()
            return reject(error)
          }
          const last = Number(batch.lastOffset())
          if (last >= expected) next.set(partition, last + 1)
          if (last + 1 >= to) next.delete(partition)
          if (next.size === 0) resolve()
        },
      })
      running.catch(reject)
      for (const [partition, from] of next) consumer.seek({ topic, partition, offset: String(from) })
    })
  } finally {
    await consumer.disconnect()
  }
}

export const storedRecord = (topic: string, partition: number, message: KafkaMessage): StoredRecord => ({
  topic,
  partition,
  offset: Number(message.offset),
  key: message.key,
  value: message.value,
  headers: buffersOf(message.headers),
  writtenAtMs: Number(message.timestamp),
})

function buffersOf(headers: IHeaders | undefined): Record<string, Buffer> {
  const buffers: Record<string, Buffer> = {}
  for (const [name, value] of Object.entries(headers ?? {})) {
    const last = Array.isArray(value) ? value.at(-1) : value
    if (last !== undefined) buffers[name] = Buffer.from(last ?? '')
  }
  return buffers
}
