import type { Kafka } from '#platform/kafka/client.ts'
import { openProducer } from '#platform/kafka/produce.ts'
import type { Registry } from '#platform/kafka/registry.ts'
import { partitionOfHost } from '#platform/polling/host.ts'
import type { Poll, RawResponse } from '#schemas/generated/records.ts'
import { pollPartitions, pollsTopic, rawTopic } from '#schemas/topics.ts'

/** Writes what the poller has to say. Each call returns when all replicas have it, and throws Unwell when not. */
export interface Publisher {
  raw: (source: string, answer: RawResponse) => Promise<{ partition: number; offset: number }>
  poll: (poll: Poll) => Promise<void>
  disconnect: () => Promise<void>
}

/** Opens a producer for polls, and for raw of the named sources. Fails when provisioning has not registered their schemas. */
export async function openPublisher(kafka: Kafka, registry: Registry, sources: Iterable<string>): Promise<Publisher> {
  const encodePoll = await registry.encoder(pollsTopic.name, 'Poll')
  const encoders = new Map<string, (answer: RawResponse) => Buffer>()
  for (const name of sources) {
    encoders.set(name, await registry.encoder(rawTopic(name).name, 'RawResponse'))
  }
  const producer = await openProducer(kafka)
  return {
    async raw(source, answer) {
      const encode = encoders.get(source)
      if (encode === undefined) throw new Error(`no encoder for source ${source}`)
      const record = { key: answer.requestIdentity, value: encode(answer) }
      const [written] = await producer.send(rawTopic(source).name, [record], { compress: true })
      if (written === undefined) throw new Error(`Kafka says nothing of a record sent to ${source}.raw`)
      return written
    },
    async poll(poll) {
      const partition = partitionOfHost(poll.host, pollPartitions)
      await producer.send(pollsTopic.name, [{ key: poll.requestIdentity, value: encodePoll(poll), partition }])
    },
    disconnect: () => producer.disconnect(),
  }
}
