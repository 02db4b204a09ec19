import type { Kafka } from 'kafkajs'
import { TransientError } from '../process/transient-error.ts'
import type { ReadRecord } from './own-partitions.ts'

/** A record of a followed topic. */
export interface FollowedRecord extends ReadRecord {
  key: Buffer | null
}

export interface StartOffset {
  topic: string
  partition: number
  offset: number
}

/**
 * Reads partitions from these offsets on, for ever, without commits. A record may come twice. Returns a stop function.
 * @param read gets records of one partition; may throw TransientError, and then they are redelivered
 * @param crash called if a partition can no longer be read, or if `read` throws another error
 */
export async function follow(
  kafka: Kafka,
  from: StartOffset | readonly StartOffset[],
  read: (records: FollowedRecord[]) => Promise<void> | void,
  crash: (error: Error) => void,
): Promise<() => Promise<void>> {
  const next = new Map([from].flat().map((start) => [`${start.topic}/${start.partition}`, { ...start }]))
  const consumer = kafka.consumer({
    groupId: `tidemark-follow-${crypto.randomUUID()}`,
    maxWaitTimeInMs: 200,
    allowAutoTopicCreation: false,
  })
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    if (!payload.restart) crash(payload.error)
  })
  const seekAll = (): void => {
    for (const { topic, partition, offset } of next.values())
      consumer.seek({ topic, partition, offset: String(offset) })
  }
  // Without commits, a member that joins again would begin at the start of the topics.
  consumer.on(consumer.events.GROUP_JOIN, seekAll)
  await consumer.connect()
  // A start at the end would skip new records.
  const topics = new Set([...next.values()].map(({ topic }) => topic))
  await consumer.subscribe({ topics: [...topics], fromBeginning: true })
  const running = consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch: { topic, partition, messages } }) => {
      const place = next.get(`${topic}/${partition}`)
      if (place === undefined) return consumer.pause([{ topic, partitions: [partition] }])
      const records = messages
        .map((message) => ({
          ...{ topic, partition, offset: Number(message.offset), key: message.key, value: message.value },
          writtenAtMs: Number(message.timestamp),
        }))
        .filter(({ offset }) => offset >= place.offset)
      const last = records.at(-1)
      if (last === undefined) return
      try {
        await read(records)
        place.offset = last.offset + 1
      } catch (error) {
        // kafkajs would retry any other error for ever.
        if (error instanceof TransientError) throw error
        crash(error as Error)
      }
    },
  })
  // Seek before the consumer first joins. After a failed join, it has no group for a moment and cannot seek.
  seekAll()
  await running
  return () => consumer.disconnect()
}
