import type { Kafka } from 'kafkajs'
import { TransientError } from '../process/transient-error.ts'
import type { ReadRecord } from './own-partitions.ts'

/** A partition and from which offset on to read it. */
export interface StartOffset {
  topic: string
  partition: number
  offset: number
}

/**
 * Reads one partition from an offset on, for as long as it is wanted, in a group of its own that commits nothing.
 * Records may come twice. Returns the function that ends it.
 *
 * @param read may throw TransientError, and gets the records again
 * @param crash called with an error after which nothing may come any more: the broker's, or any other of `read`
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
  // Nothing is committed: after a rejoin it starts anew, and at the end it would miss what came meanwhile.
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
        // kafkajs would try it again, for ever.
        if (error instanceof TransientError) throw error
        crash(error as Error)
      }
    },
  })
  // Not after the first join: one that failed, and is tried again, has forgotten its group for a moment.
  consumer.seek({ topic, partition, offset: String(offset) })
  await running
  return () => consumer.disconnect()
}
