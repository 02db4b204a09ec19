import { partitionOfHost } from '#core/host.ts'
import { hostRecord, type IdentityProgress, identityRecord } from '#core/memory-records.ts'
import type { Kafka } from '#platform/kafka/client.ts'
import { openProducer } from '#platform/kafka/produce.ts'
import type { Registry } from '#platform/kafka/registry.ts'
import { withSpan } from '#platform/tracing/trace.ts'
import { traceHeaders } from '#platform/tracing/trace-context.ts'
import {
  type HostLog,
  type HostPause,
  hostLogSchema,
  type Poll,
  pollerMemorySchema,
  pollSchema,
  type RawResponse,
  rawResponseSchema,
} from '#schemas/generated/records.ts'
import { hostLogTopic, pollerMemoryTopic, pollPartitions, pollsTopic, rawTopic } from '#schemas/topics.ts'

export interface RememberedPoll {
  poll: Poll
  carried: IdentityProgress
  /** Time of the identity's last poll, ms UTC. Default: the time of `poll`. */
  polledAt?: number
  pause?: HostPause | undefined
  inLog?: boolean
}

/** Each call resolves after all replicas have the records. @throws TransientError or RefusedSend if Kafka takes none */
export interface Publisher {
  raw: (source: string, answer: RawResponse) => Promise<{ partition: number; offset: number }>
  /** Writes an identity's memory record. If a pause is given, the host's memory record is in the same batch. */
  memory: (remembered: RememberedPoll) => Promise<void>
  poll: (poll: Poll) => Promise<void>
  hostLog: (records: HostLog[]) => Promise<void>
  disconnect: () => Promise<void>
}

/** Opens a publisher for these sources. @throws TransientError if a schema is not registered */
export async function openPublisher(kafka: Kafka, registry: Registry, sources: Iterable<string>): Promise<Publisher> {
  const encodePoll = await registry.encoder(pollsTopic.name, pollSchema)
  const encodeMemory = await registry.encoder(pollerMemoryTopic.name, pollerMemorySchema)
  const encodeHostLog = await registry.encoder(hostLogTopic.name, hostLogSchema)
  const encoders = new Map<string, (answer: RawResponse) => Buffer>()
  for (const name of sources) {
    encoders.set(name, await registry.encoder(rawTopic(name).name, rawResponseSchema))
  }
  const producer = await openProducer(kafka)
  return {
    async raw(source, answer) {
      const encode = encoders.get(source)
      if (encode === undefined) throw new Error(`no encoder for source ${source}`)
      const topic = rawTopic(source).name
      const attributes = { 'messaging.system': 'kafka', 'messaging.destination.name': topic }
      return withSpan('raw', { kind: 'producer', attributes }, async (span) => {
        const headers = span.context && { headers: traceHeaders(span.context) }
        const record = { key: answer.requestIdentity, value: encode(answer), ...headers }
        const [written] = await producer.send(topic, [record], { compress: true })
        if (written === undefined) throw new Error(`Kafka says nothing of a record sent to ${topic}`)
        span.set({
          'messaging.destination.partition.id': `${written.partition}`,
          'messaging.kafka.offset': written.offset,
        })
        return written
      })
    },
    async memory({ poll, carried, polledAt = poll.fetchedAt, pause, inLog = false }) {
      const { requestIdentity, host } = poll
      const partition = partitionOfHost(host, pollPartitions)
      const records = [
        identityRecord(requestIdentity, encodePoll(poll), polledAt, carried, inLog),
        ...(pause === undefined ? [] : [hostRecord(host, [pause])]),
      ]
      const messages = records.map(({ key, record }) => ({ key, value: encodeMemory(record), partition }))
      await producer.send(pollerMemoryTopic.name, messages)
    },
    async poll(poll) {
      const partition = partitionOfHost(poll.host, pollPartitions)
      await producer.send(pollsTopic.name, [{ key: poll.requestIdentity, value: encodePoll(poll), partition }])
    },
    async hostLog(records) {
      const messages = records.map((record) => ({ key: record.host, value: encodeHostLog(record) }))
      await producer.send(hostLogTopic.name, messages)
    },
    disconnect: () => producer.disconnect(),
  }
}
