import type { Admin } from 'kafkajs'
import { type Backoff, backoffMs, pause } from '../process/retry.ts'
import type { Kafka } from './client.ts'

/** One past the last offset of each partition. */
export type Ends = Map<number, number>

/** Where a topic's partitions end now. */
export async function endsOf(kafka: Kafka, topic: string): Promise<Ends> {
  const admin = kafka.admin()
  await admin.connect()
  try {
    const offsets = await admin.fetchTopicOffsets(topic)
    return new Map(offsets.map(({ partition, high }) => [partition, Number(high)]))
  } finally {
    await admin.disconnect()
  }
}

const patience: Backoff = { firstMs: 50, longestMs: 1_000 }

/** Returns when a group has committed all that a topic held when this was called; waits for as long as that takes. */
export async function groupPasses(kafka: Kafka, groupId: string, topic: string): Promise<void> {
  const admin = kafka.admin()
  await admin.connect()
  try {
    const ends = await admin.fetchTopicOffsets(topic)
    for (let attempt = 1; ; attempt++) {
      const done = await committed(admin, groupId, topic)
      const behind = ends.filter(({ partition, low, high }) => {
        return Math.max(done.get(partition) ?? -1, Number(low)) < Number(high)
      })
      if (behind.length === 0) return
      await pause(backoffMs(patience, attempt))
    }
  } finally {
    await admin.disconnect()
  }
}

/** How far a group has committed a topic: one past the last offset done of each partition, -1 where there is nothing yet. */
export async function committedBy(kafka: Kafka, groupId: string, topic: string): Promise<Ends> {
  const admin = kafka.admin()
  await admin.connect()
  try {
    return await committed(admin, groupId, topic)
  } finally {
    await admin.disconnect()
  }
}

async function committed(admin: Admin, groupId: string, topic: string): Promise<Ends> {
  const [offsets] = await admin.fetchOffsets({ groupId, topics: [topic] })
  return new Map(offsets?.partitions.map(({ partition, offset }) => [partition, Number(offset)]))
}
