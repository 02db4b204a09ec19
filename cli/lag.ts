import { createKafka } from '#platform/kafka/client.ts'
import { kafkaSettings, readConfig } from '#platform/process/config.ts'
import { tableTargets } from '#schemas/tables.ts'
import { platformTopics, rawTopic, sourceTopics } from '#schemas/topics.ts'
import { sources } from '#sources/index.ts'

/** How far a consumer group is behind in one topic: records written and not yet done, over all partitions. */
export interface Lag {
  group: string
  topic: string
  records: number
}

/** What each consumer group reads, as normalizer and sink subscribe. */
function subscriptions(): { group: string; topics: string[] }[] {
  const all = [...platformTopics, ...sources.flatMap(({ name }) => sourceTopics(name))]
  return [
    { group: 'normalizer', topics: sources.map(({ name }) => rawTopic(name).name) },
    { group: 'sink', topics: all.filter(({ record }) => record && record in tableTargets).map(({ name }) => name) },
  ]
}

/** The lag of every group in every topic that it reads. @throws when the broker does not answer. */
export async function consumerLag(brokers: string, environment: NodeJS.ProcessEnv): Promise<Lag[]> {
  const config = readConfig(kafkaSettings, { ...environment, KAFKA_BROKERS: brokers })
  const admin = createKafka(config, 'tidemark-status').admin()
  await admin.connect()
  try {
    const lags: Lag[] = []
    for (const { group, topics } of subscriptions()) {
      const committed = await admin.fetchOffsets({ groupId: group, topics })
      for (const { topic, partitions } of committed) {
        const ends = await admin.fetchTopicOffsets(topic)
        const done = new Map(partitions.map(({ partition, offset }) => [partition, Number(offset)]))
        lags.push({ group, topic, records: behind(ends, done) })
      }
    }
    return lags
  } finally {
    await admin.disconnect()
  }
}

type Ends = { partition: number; low: string; high: string }[]

/** A partition without a committed offset (-1) is read from its beginning. */
export function behind(ends: Ends, done: Map<number, number>): number {
  let records = 0
  for (const { partition, low, high } of ends) {
    const next = Math.max(done.get(partition) ?? -1, Number(low))
    records += Math.max(0, Number(high) - next)
  }
  return records
}
