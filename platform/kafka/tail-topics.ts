import type { Kafka } from 'kafkajs'
import { TransientError } from '../process/transient-error.ts'

export interface TailRecord {
  partition: number
  offset: number
  value: Buffer | null
}

/**
 * Reads topics from these offsets on, for ever, without commits. A record may come twice. Returns a stop function.
 * @param from the first offset of each partition of each topic
 * @param crash called if a topic can no longer be read, or if `read` throws anything but a TransientError
 */
export async function tailTopics(
  kafka: Kafka,
  from: ReadonlyMap<string, ReadonlyMap<number, number>>,
  crash: (error: Error) => void,
  read: (topic: string, records: TailRecord[]) => Promise<void>,
): Promise<() => Promise<void>> {
  const consumer = kafka.consumer({
    groupId: `tidemark-tail-${crypto.randomUUID()}`,
    maxWaitTimeInMs: 200,
    allowAutoTopicCreation: false,
  })
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    if (!payload.restart) crash(payload.error)
  })
  const next = new Map([...from].map(([topic, offsets]) => [topic, new Map(offsets)]))
  const seekAll = (): void => {
    for (const [topic, offsets] of next)
      for (const [partition, offset] of offsets) consumer.seek({ topic, partition, offset: String(offset) })
  }
  // Without commits, a member that joins again would begin at the start of the topics.
  consumer.on(consumer.events.GROUP_JOIN, seekAll)
  await consumer.connect()
  await consumer.subscribe({ topics: [...from.keys()], fromBeginning: true })
  const running = consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch: { topic, partition, messages } }) => {
      const offsets = next.get(topic)
      const first = offsets?.get(partition) ?? 0
      const records = messages
        .map(({ offset, value }) => ({ partition, offset: Number(offset), value }))
        .filter(({ offset }) => offset >= first)
      const last = records.at(-1)
      if (last === undefined) return
      try {
        await read(topic, records)
        offsets?.set(partition, last.offset + 1)
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
