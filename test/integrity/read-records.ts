import type { Kafka } from '#platform/kafka/client.ts'
import { eventually } from './poller-parts.ts'

export interface TopicRecord {
  key: string
  value: Buffer | null
  headers: Record<string, string>
  partition: number
  offset: number
  writtenAtMs: number
}

export async function readRecords(kafka: Kafka, topic: string): Promise<TopicRecord[]> {
  const admin = kafka.admin()
  await admin.connect()
  const ends = await admin.fetchTopicOffsets(topic)
  await admin.disconnect()
  const missing = new Map(ends.filter(({ low, high }) => low !== high).map((end) => [end.partition, Number(end.high)]))
  const records: TopicRecord[] = []
  if (missing.size === 0) return records
  const consumer = kafka.consumer({ groupId: `read-${crypto.randomUUID()}`, maxWaitTimeInMs: 50 })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch: { partition, messages } }) => {
      for (const { key, value, headers, offset, timestamp } of messages) {
        const texts = Object.entries(headers ?? {}).map(([name, header]) => [name, String(header)])
        const at = { partition, offset: Number(offset), writtenAtMs: Number(timestamp) }
        records.push({ key: key?.toString() ?? '', value, headers: Object.fromEntries(texts), ...at })
        if (at.offset + 1 >= (missing.get(partition) ?? 0)) missing.delete(partition)
      }
    },
  })
  await eventually(`${topic} is read to its end`, async () => missing.size === 0)
  await consumer.disconnect()
  return records
}
