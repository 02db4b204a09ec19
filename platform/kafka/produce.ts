import {
  type Admin,
  CompressionTypes,
  type Kafka,
  type Producer as KafkaProducer,
  Partitioners,
  type RecordMetadata,
} from 'kafkajs'
import { TransientError } from '../process/transient-error.ts'
import type { ProducerRecord } from './producer-record.ts'
import { bodyBytes, RecordRun, recordBytes, type SizedRecord } from './record-batch.ts'
import { isTooLarge, sendError, TooLargeRecord } from './send-errors.ts'
import { type SizeCheck, type TopicLimits, topicLimits } from './topic-limits.ts'

export interface RecordPosition {
  partition: number
  offset: number
}

export interface Producer {
  /**
   * Sends records to one topic, in order within a partition. Resolves with their positions when all replicas have them.
   * @throws TransientError if a record was not acknowledged: send all records again, duplicates are harmless
   * @throws TooLargeRecord, RefusedSend if a retry cannot help
   */
  send: (topic: string, records: ProducerRecord[], options?: { compress?: boolean }) => Promise<RecordPosition[]>
  /** Returns the size check that `send` makes too, with the current limits of the topics. @throws TransientError */
  sizeCheck: (topics: readonly string[]) => Promise<SizeCheck>
  disconnect: () => Promise<void>
}

// Maximum bytes of a send; a larger record is sent alone. A broker's default limit is 1,048,588 bytes a batch. The next send
// waits for the acknowledgement, so that no record of a key passes another one.
const bytesPerSend = 1_000_000
// Bytes of a record's length and of its place in a batch, at most.
const placeBytes = 10

/** Opens a producer for `work`, and closes it afterwards. Errors: those of `openProducer` and of `work`. */
export async function withProducer<Result>(
  kafka: Kafka,
  work: (producer: Producer) => Promise<Result>,
): Promise<Result> {
  const producer = await openProducer(kafka)
  try {
    return await work(producer)
  } finally {
    await producer.disconnect()
  }
}

/**
 * Opens a producer that waits for all replicas. Idempotence is off, because kafkajs reuses the sequence number of a
 * failed send, so that a broker may drop the next send as a duplicate.
 */
export async function openProducer(kafka: Kafka): Promise<Producer> {
  const producer = kafka.producer({ allowAutoTopicCreation: false, createPartitioner: Partitioners.DefaultPartitioner })
  const admin = kafka.admin()
  await Promise.all([producer.connect(), admin.connect()])
  const partitionsOf = partitionFinder(admin)
  const limits = topicLimits(admin)

  return {
    send: async (topic, records, options) => {
      if (records.length === 0) return []
      const compress = options?.compress === true
      const [partitionOf, check, maxBytes] = await Promise.all([
        partitionsOf(topic),
        limits.check([topic]),
        limits.bytes(topic),
      ])
      for (const record of records) {
        const why = check(topic, record, { compress })
        if (why !== undefined) throw new TooLargeRecord(why, { isUnexpected: false })
      }
      const runs = runsOf(records, partitionOf, Math.min(bytesPerSend, maxBytes))
      const sender = { producer, limits, topic, compression: compress ? CompressionTypes.ZSTD : CompressionTypes.None }
      const written = new Array<RecordPosition>(records.length)
      const sends = [...Map.groupBy(runs, ({ partition }) => partition).values()].map(async (ofPartition) => {
        for (const run of ofPartition) await sendRun(sender, run, written)
      })
      for (const send of await Promise.allSettled(sends)) if (send.status === 'rejected') throw send.reason
      return written
    },
    sizeCheck: limits.check,
    disconnect: async () => {
      await Promise.all([producer.disconnect(), admin.disconnect()])
    },
  }
}

interface RunSender {
  producer: Pick<KafkaProducer, 'send'>
  limits: TopicLimits
  topic: string
  compression: CompressionTypes
}

/** Sends a run of records. If the broker refuses the run as too large, sends its halves. */
async function sendRun(sender: RunSender, run: Run, written: RecordPosition[]): Promise<void> {
  const { producer, limits, topic, compression } = sender
  const { partition, records, places } = run
  try {
    const messages = [new RecordRun(partition, records)]
    const reply = await producer.send({ topic, messages, acks: -1, timeout: 10_000, compression })
    const first = acknowledged(topic, partition, reply)
    for (const [index, place] of places.entries()) written[place] = { partition, offset: first.offset + index }
  } catch (error) {
    if (error instanceof TransientError) throw error
    if (!isTooLarge(error)) throw sendError(topic, error)
    const [first] = records
    if (records.length === 1 && first) {
      limits.addRefused(topic, first.record)
      const message = `a record of ${recordBytes(first.record)} bytes is too large for ${topic}, says the broker`
      throw new TooLargeRecord(message, { isUnexpected: true, cause: error })
    }
    const middle = Math.ceil(records.length / 2)
    await sendRun(sender, { ...run, records: records.slice(0, middle), places: places.slice(0, middle) }, written)
    await sendRun(sender, { ...run, records: records.slice(middle), places: places.slice(middle) }, written)
  }
}

/** Records of one partition that are sent together, and their places among those of the call. */
interface Run {
  partition: number
  bytes: number
  records: SizedRecord[]
  places: number[]
}

function runsOf(
  records: readonly ProducerRecord[],
  partitionOf: (key: ProducerRecord['key']) => number,
  maxBytes: number,
): Run[] {
  const runs: Run[] = []
  const open = new Map<number, Run>()
  for (const [place, record] of records.entries()) {
    const partition = record.partition ?? partitionOf(record.key)
    const sized = { record, bodyBytes: bodyBytes(record) }
    const bytes = sized.bodyBytes + placeBytes
    let run = open.get(partition)
    if (run === undefined || run.bytes + bytes > maxBytes) {
      run = { partition, bytes: 0, records: [], places: [] }
      open.set(partition, run)
      runs.push(run)
    }
    run.bytes += bytes
    run.records.push(sized)
    run.places.push(place)
  }
  return runs
}

/**
 * Returns the position that the broker acknowledged. When a broker dies, kafkajs may resolve without the partition
 * (tulios/kafkajs pull request 1798). @throws TransientError if the partition is missing
 */
export function acknowledged(topic: string, partition: number, reply: RecordMetadata[]): RecordPosition {
  const written = reply.find((metadata) => metadata.partition === partition && metadata.errorCode === 0)
  if (written?.baseOffset === undefined)
    throw new TransientError(`Kafka did not acknowledge ${topic} partition ${partition}`)
  return { partition, offset: Number(written.baseOffset) }
}

function partitionFinder(admin: Admin): (topic: string) => Promise<(key: ProducerRecord['key']) => number> {
  const choose = Partitioners.DefaultPartitioner()
  const topics = new Map<string, (key: ProducerRecord['key']) => number>()
  return async (topic) => {
    const known = topics.get(topic)
    if (known) return known
    const metadata = await admin.fetchTopicMetadata({ topics: [topic] }).catch((cause) => {
      throw sendError(topic, cause)
    })
    const partitionMetadata = metadata.topics[0]?.partitions ?? []
    if (partitionMetadata.length === 0) throw new TransientError(`Topic ${topic} has no partitions: run provisioning`)
    const byKey = new Map<ProducerRecord['key'], number>()
    const partitionOf = (key: ProducerRecord['key']): number => {
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
