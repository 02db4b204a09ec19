import type { Kafka } from 'kafkajs'
import { TransientError } from '../process/transient-error.ts'
import type { ReadRecord } from './own-partitions.ts'

export interface StartOffset {
  topic: string
  partition: number
  offset: number
}

/**
 * Reads one partition from an offset on, for ever, without commits. A record may come twice. Returns a stop function.
 * @param read may throw TransientError; then the records are redelivered
 * @param crash called if the partition can no longer be read, or if `read` throws another error
 */
export async function follow(
  kafka: Kafka,
  from: StartOffset,
  read: (records: ReadRecord[]) => Promise<void> | void,
  crash: (error: Error) => void,
): Promise<() => Promise<void>> {
  const { topic, partition, offset } = from
  const consumer = kafka.consumer({
    groupId: `tidemark-follow-${crypto.randomUUID()}`,
    maxWaitTimeInMs: 200,
    allowAutoTopicCreation: false,
  })
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    if (!payload.restart) crash(payload.error)
  })
  await consumer.connect()
  // After a rejoin without commits, the consumer starts here. A start at the end would skip new records.
  await consumer.subscribe({ topic, fromBeginning: true })
  const running = consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch }) => {
      if (batch.partition !== partition) return
      const records = batch.messages.map((message) => ({
        topic,
        partition,
        offset: Number(message.offset),
        value: message.value,
        writtenAtMs: Number(message.timestamp),
      }))
      try {
        await read(records.filter((record) => record.offset >= offset))
      } catch (error) {
        // kafkajs would retry any other error for ever.
        if (error instanceof TransientError) throw error
        crash(error as Error)
      }
    },
  })
  // Seek before the consumer first joins. After a failed join, it has no group for a moment and cannot seek.
  consumer.seek({ topic, partition, offset: String(offset) })
  await running
  return () => consumer.disconnect()
}
