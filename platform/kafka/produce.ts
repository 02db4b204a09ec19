import { type Admin, CompressionTypes, type Kafka, Partitioners, type RecordMetadata } from 'kafkajs'
import { Unwell } from '../process/unwell.ts'

/** One record to send. The partition follows from the key (murmur2, like every Kafka client) unless it is given. */
export interface Outgoing {
  key: string | Buffer | null
  value: Buffer | null
  partition?: number
  headers?: Record<string, string | Buffer>
}

/** Where a record went. */
export interface Written {
  partition: number
  offset: number
}

export interface Producer {
  /**
   * Sends records to one topic and returns when all replicas have them: where each went, in the order of the records.
   * Throws Unwell when any was not acknowledged: send all again, downstream collapses repeats.
   */
  send: (topic: string, records: Outgoing[], options?: { compress?: boolean }) => Promise<Written[]>
  disconnect: () => Promise<void>
}

// kafkajs copies the messages before it for every message of a send: a large one takes time by its square.
const recordsPerSend = 500
// A broker takes a mebibyte at once unless it is told otherwise; a larger record goes alone.
const bytesPerSend = 512 * 1024

/**
 * Opens a producer: acks from all in-sync replicas, no idempotence. kafkajs keeps the sequence number of a failed send
 * for the next one, which a broker may then take for a repeat and drop; repeats instead cost nothing here.
 * Each send to the broker holds records of one partition, so it concerns one broker alone.
 */
export async function openProducer(kafka: Kafka): Promise<Producer> {
  const producer = kafka.producer({ allowAutoTopicCreation: false, createPartitioner: Partitioners.DefaultPartitioner })
  const admin = kafka.admin()
  await Promise.all([producer.connect(), admin.connect()])
  const partitionsOf = partitionFinder(admin)

  return {
    send: async (topic, records, options) => {
      if (records.length === 0) return []
      const partitionOf = await partitionsOf(topic)
      const compression = options?.compress ? CompressionTypes.ZSTD : CompressionTypes.None
      const written = new Array<Written>(records.length)
      const sends = runsByPartition(records, partitionOf).map(async ({ partition, messages, places }) => {
        const request = { topic, messages, acks: -1, timeout: 10_000, compression }
        const reply = await producer.send(request).catch((cause) => {
          throw new Unwell(`Kafka did not take ${messages.length} records for ${topic}`, { cause })
        })
        const first = acknowledged(topic, partition, reply)
        for (const [index, place] of places.entries()) written[place] = { partition, offset: first.offset + index }
      })
      for (const send of await Promise.allSettled(sends)) if (send.status === 'rejected') throw send.reason
      return written
    },
    disconnect: async () => {
      await Promise.all([producer.disconnect(), admin.disconnect()])
    },
  }
}

/** Records that are sent at once, and their places among all that are to be sent. */
type Run = { partition: number; bytes: number; messages: (Outgoing & { partition: number })[]; places: number[] }

function runsByPartition(records: Outgoing[], partitionOf: (key: Outgoing['key']) => number): Run[] {
  const runs: Run[] = []
  const open = new Map<number, Run>()
  for (const [place, record] of records.entries()) {
    const partition = record.partition ?? partitionOf(record.key)
    const bytes = record.value?.length ?? 0
    let run = open.get(partition)
    if (run === undefined || run.messages.length === recordsPerSend || run.bytes + bytes > bytesPerSend) {
      run = { partition, bytes: 0, messages: [], places: [] }
      open.set(partition, run)
      runs.push(run)
    }
    run.bytes += bytes
    run.messages.push({ ...record, partition })
    run.places.push(place)
  }
  return runs
}

/**
 * Where the first of the records went, when the reply names their partition. kafkajs may resolve without it when a broker dies
 * (tulios/kafkajs pull request 1798): that is a failed send.
 */
export function acknowledged(topic: string, partition: number, reply: RecordMetadata[]): Written {
  const written = reply.find((metadata) => metadata.partition === partition && metadata.errorCode === 0)
  if (written?.baseOffset === undefined) throw new Unwell(`Kafka did not acknowledge ${topic} partition ${partition}`)
  return { partition, offset: Number(written.baseOffset) }
}

/** Partition of a key by kafkajs's own default partitioner. Partition counts are read once a topic, keys remembered. */
function partitionFinder(admin: Admin): (topic: string) => Promise<(key: Outgoing['key']) => number> {
  const choose = Partitioners.DefaultPartitioner()
  const topics = new Map<string, (key: Outgoing['key']) => number>()
  return async (topic) => {
    const known = topics.get(topic)
    if (known) return known
    const metadata = await admin.fetchTopicMetadata({ topics: [topic] }).catch((cause) => {
      throw new Unwell(`Kafka does not describe topic ${topic}: has provisioning run?`, { cause })
    })
    const partitionMetadata = metadata.topics[0]?.partitions ?? []
    if (partitionMetadata.length === 0) throw new Unwell(`Topic ${topic} has no partitions: run provisioning`)
    const byKey = new Map<Outgoing['key'], number>()
    const partitionOf = (key: Outgoing['key']): number => {
      const remembered = byKey.get(key)
      if (remembered !== undefined) return remembered
      const partition = choose({ topic, partitionMetadata, message: { key, value: null } })
      if (byKey.size >= 100_000) byKey.clear()
      if (typeof key === 'string') byKey.set(key, partition)
      return partition
    }
    topics.set(topic, partitionOf)
    return partitionOf
  }
}
