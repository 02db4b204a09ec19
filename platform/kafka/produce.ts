import { type Admin, CompressionTypes, type Kafka, Partitioners, type RecordMetadata } from 'kafkajs'
import { Unwell } from '../process/unwell.ts'

/** One record to send. The partition follows from the key (murmur2, like every Kafka client) unless it is given. */
export interface Outgoing {
  key: string
  value: Buffer | null
  partition?: number
  headers?: Record<string, string | Buffer>
}

/** Where a partition's first record of a send went. */
export interface Written {
  partition: number
  baseOffset: string
}

export interface Producer {
  /**
   * Sends records to one topic and returns when all replicas have them. Throws Unwell when any partition was not
   * acknowledged: send all again, downstream collapses repeats.
   */
  send: (topic: string, records: Outgoing[], options?: { compress?: boolean }) => Promise<Written[]>
  /** The partition a key belongs to. */
  partitionOf: (topic: string, key: string) => Promise<number>
  disconnect: () => Promise<void>
}

/**
 * Opens a producer: acks from all in-sync replicas, no idempotence. kafkajs keeps the sequence number of a failed send
 * for the next one, which a broker may then take for a repeat and drop; repeats instead cost nothing here.
 */
export async function openProducer(kafka: Kafka): Promise<Producer> {
  const producer = kafka.producer({ allowAutoTopicCreation: false, createPartitioner: Partitioners.DefaultPartitioner })
  const admin = kafka.admin()
  await Promise.all([producer.connect(), admin.connect()])
  const partitionOf = partitionFinder(admin)

  return {
    partitionOf,
    send: async (topic, records, options) => {
      if (records.length === 0) return []
      const messages = []
      for (const record of records) {
        const partition = record.partition ?? (await partitionOf(topic, record.key))
        messages.push({ ...record, partition })
      }
      const compression = options?.compress ? CompressionTypes.ZSTD : CompressionTypes.None
      const reply = await producer.send({ topic, messages, acks: -1, timeout: 10_000, compression }).catch((cause) => {
        throw new Unwell(`Kafka did not take ${records.length} records for ${topic}`, { cause })
      })
      return acknowledged(topic, new Set(messages.map((message) => message.partition)), reply)
    },
    disconnect: async () => {
      await Promise.all([producer.disconnect(), admin.disconnect()])
    },
  }
}

/**
 * The reply of a send, when it names every partition that was sent. kafkajs resolves without some of them when a
 * broker dies while a send spans several brokers (tulios/kafkajs pull request 1798): that is a failed send.
 */
export function acknowledged(topic: string, sent: Set<number>, reply: RecordMetadata[]): Written[] {
  const written = reply.filter(({ errorCode, baseOffset }) => errorCode === 0 && baseOffset !== undefined)
  const confirmed = new Set(written.map(({ partition }) => partition))
  const missing = [...sent].filter((partition) => !confirmed.has(partition))
  if (missing.length > 0) throw new Unwell(`Kafka acknowledged ${topic} without partitions ${missing.join(', ')}`)
  return written.map(({ partition, baseOffset }) => ({ partition, baseOffset: baseOffset ?? '' }))
}

/** Partition of a key by kafkajs's own default partitioner. Partition counts are read once a topic, keys remembered. */
function partitionFinder(admin: Admin): Producer['partitionOf'] {
  const choose = Partitioners.DefaultPartitioner()
  const topics = new Map<
    string,
    { partitions: { partitionId: number; leader: number }[]; byKey: Map<string, number> }
  >()

  const load = async (topic: string) => {
    const metadata = await admin.fetchTopicMetadata({ topics: [topic] }).catch((cause) => {
      throw new Unwell(`Kafka does not describe topic ${topic}: has provisioning run?`, { cause })
    })
    const partitions = (metadata.topics[0]?.partitions ?? []).map(({ partitionId }) => ({ partitionId, leader: 0 }))
    if (partitions.length === 0) throw new Unwell(`Topic ${topic} has no partitions: run provisioning`)
    const known = { partitions, byKey: new Map<string, number>() }
    topics.set(topic, known)
    return known
  }

  return async (topic, key) => {
    const known = topics.get(topic) ?? (await load(topic))
    const remembered = known.byKey.get(key)
    if (remembered !== undefined) return remembered
    const partitionMetadata = known.partitions as Parameters<typeof choose>[0]['partitionMetadata']
    const partition = choose({ topic, partitionMetadata, message: { key, value: null } })
    if (known.byKey.size >= 100_000) known.byKey.clear()
    known.byKey.set(key, partition)
    return partition
  }
}
