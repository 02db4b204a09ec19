import { consumerGroups } from '#core/consumer-groups.ts'
import { createKafka } from '#platform/kafka/client.ts'
import { committedOffsets, consumerLag } from '#platform/kafka/consumer-lag.ts'
import { kafkaSettings, readConfig } from '#platform/process/config.ts'

/** Lag of a consumer group: number of records of a topic, over all partitions, that the group has not committed. */
export interface Lag {
  group: string
  topic: string
  records: number
}

/** Returns the lags of all consumer groups. @throws if the broker does not answer */
export async function lagOfConsumers(brokers: string, environment: NodeJS.ProcessEnv): Promise<Lag[]> {
  const config = readConfig(kafkaSettings, { ...environment, KAFKA_BROKERS: brokers })
  const admin = createKafka(config, 'tidemark-status').admin()
  await admin.connect()
  try {
    const lags: Lag[] = []
    for (const { group, topics } of consumerGroups()) {
      const committed = await admin.fetchOffsets({ groupId: group, topics })
      for (const { topic, partitions } of committed) {
        const ends = await admin.fetchTopicOffsets(topic)
        lags.push({ group, topic, records: consumerLag(ends, committedOffsets(partitions)) })
      }
    }
    return lags
  } finally {
    await admin.disconnect()
  }
}
