import type { TopicPartitionOffset } from 'kafkajs'
import { type Backoff, backoffMs, pause } from '../process/retry.ts'
import { slowNotice } from '../process/slow-notice.ts'
import { TransientError } from '../process/transient-error.ts'
import { type Kafka, withAdmin } from './client.ts'

/** The offset after a partition's last record, by partition. */
export type HighWatermarks = Map<number, number>

export async function highWatermarks(kafka: Kafka, topic: string): Promise<HighWatermarks> {
  return withAdmin(kafka, async (admin) => {
    const offsets = await admin.fetchTopicOffsets(topic)
    return new Map(offsets.map(({ partition, high }) => [partition, Number(high)]))
  })
}

/** Returns the committed offset by partition. -1 means that the group has committed nothing in the partition. */
export const committedOffsets = (partitions: { partition: number; offset: string }[] = []): Map<number, number> =>
  new Map(partitions.map(({ partition, offset }) => [partition, Number(offset)]))

export interface Offsets {
  partition: number
  low: string
  high: string
}

/** Counts records that are not committed. If a partition has no committed offset (-1), all its records count. */
export function consumerLag(ends: Offsets[], done: Map<number, number>): number {
  let records = 0
  for (const { partition, low, high } of ends) {
    const next = Math.max(done.get(partition) ?? -1, Number(low))
    records += Math.max(0, Number(high) - next)
  }
  return records
}

const recheckBackoff: Backoff = { firstMs: 50, maxMs: 1_000 }

/** Waits until a group has committed all that a topic holds now. Returns false if `stop` aborts first. */
export async function waitForGroup(
  kafka: Kafka,
  groupId: string,
  topic: string,
  say: (text: string) => void = () => undefined,
  stop?: AbortSignal,
): Promise<boolean> {
  const waiting = slowNotice(say)
  return withAdmin(kafka, async (admin) => {
    const ends = await admin.fetchTopicOffsets(topic)
    for (let attempt = 1; ; attempt++) {
      const [committed] = await admin.fetchOffsets({ groupId, topics: [topic] })
      if (consumerLag(ends, committedOffsets(committed?.partitions)) === 0) return true
      if (stop?.aborted) return false
      waiting(`waiting for the ${groupId}, which has not done all of ${topic} yet`)
      await pause(backoffMs(recheckBackoff, attempt), stop)
    }
  })
}

export async function nextOffsets(kafka: Kafka, groupId: string, topic: string): Promise<Map<number, number>> {
  return withAdmin(kafka, async (admin) => {
    const [committed] = await admin.fetchOffsets({ groupId, topics: [topic] })
    const known = committed?.partitions.filter(({ offset }) => Number(offset) >= 0) ?? []
    return new Map(known.map(({ partition, offset }) => [partition, Number(offset)]))
  })
}

/** Opens an admin connection and returns `lag`, which counts the records of a topic that a group has not committed. */
export async function openLagMeter(
  kafka: Kafka,
  groupId: string,
  topic: string,
): Promise<{ lag: () => Promise<number>; close: () => Promise<void> }> {
  const admin = kafka.admin()
  await admin.connect()
  return {
    lag: async () => {
      const [ends, [committed]] = await Promise.all([
        admin.fetchTopicOffsets(topic),
        admin.fetchOffsets({ groupId, topics: [topic] }),
      ])
      return consumerLag(ends, committedOffsets(committed?.partitions))
    },
    close: () => admin.disconnect(),
  }
}

export interface OffsetReader {
  ends: (topics: readonly string[]) => Promise<Map<string, Map<number, number>>>
  committed: (groupId: string, topics: readonly string[]) => Promise<Map<string, Map<number, number>>>
  close: () => Promise<void>
}

/** Opens a reader of end offsets and committed offsets, by topic and partition. It throws TransientError, as its methods do. */
export async function openOffsetReader(kafka: Kafka): Promise<OffsetReader> {
  const orTransient = (cause: unknown): never => {
    throw new TransientError('Kafka does not say where topics end, or what a group has committed', { cause })
  }
  const admin = kafka.admin()
  await admin.connect().catch(orTransient)
  return {
    ends: async (topics) => {
      const found = await Promise.all(topics.map((topic) => admin.fetchTopicOffsets(topic))).catch(orTransient)
      return new Map(
        topics.map((topic, index) => [
          topic,
          new Map(found[index]?.map(({ partition, high }) => [partition, Number(high)])),
        ]),
      )
    },
    committed: async (groupId, topics) => {
      const found = await admin.fetchOffsets({ groupId, topics: [...topics] }).catch(orTransient)
      return new Map(found.map(({ topic, partitions }) => [topic, committedOffsets(partitions)]))
    },
    close: () => admin.disconnect(),
  }
}

/** Deletes a consumer group. Does nothing if Kafka refuses that, for example because the group still has members. */
export async function forgetGroup(kafka: Kafka, groupId: string): Promise<void> {
  return withAdmin(kafka, async (admin) => {
    try {
      await admin.deleteGroups([groupId])
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'KafkaJSDeleteGroupsError') throw error
    }
  })
}

/** Returns the newest offsets of the partitions of which the group has committed none. */
export async function startOffsets(kafka: Kafka, groupId: string, topics: string[]): Promise<TopicPartitionOffset[]> {
  const committed = await withAdmin(kafka, (admin) => admin.fetchOffsets({ groupId, topics }))
  const committedOf = new Map(committed.map(({ topic, partitions }) => [topic, committedOffsets(partitions)]))
  const isCommitted = (topic: string, partition: number): boolean =>
    (committedOf.get(topic)?.get(partition) ?? -1) !== -1
  const ends = await Promise.all(topics.map(async (topic) => ({ topic, ends: await highWatermarks(kafka, topic) })))
  return ends.flatMap(({ topic, ends }) =>
    [...ends]
      .filter(([partition]) => !isCommitted(topic, partition))
      .map(([partition, offset]) => ({ topic, partition, offset: String(offset) })),
  )
}
