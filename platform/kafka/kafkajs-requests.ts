// Makes kafkajs write and read records by the code of this room.
import { createRequire } from 'node:module'
import type { CompressionTypes } from 'kafkajs'
import { codecOf } from './codecs.ts'
import { isReadable, readBatches } from './read-batches.ts'
import { RecordRun, writeBatch } from './record-batch.ts'

const requireInternal = createRequire(import.meta.url)

/** The version of kafkajs whose internals are known here. */
const knownVersion = '2.2.4'

interface ProduceOptions {
  acks: number
  timeout: number
  compression: CompressionTypes
  transactionalId?: string
  topicData: { topic: string; partitions: { partition: number; messages: unknown[] }[] }[]
}

interface Encoder {
  writeString: (text: string | null) => Encoder
  writeInt16: (value: number) => Encoder
  writeInt32: (value: number) => Encoder
  writeBytes: (bytes: Buffer) => Encoder
}

interface Produce {
  protocol: (by: { version: number }) => (options: ProduceOptions) => { request: { encode: () => Promise<Encoder> } }
}

interface Decoder {
  readInt16: () => number
  readInt32: () => number
  readInt64: () => bigint
  readString: () => string
  readBytes: (bytes: number) => Buffer
  readArray: <T>(read: (decoder: Decoder) => T) => T[]
  readArrayAsync: <T>(read: (decoder: Decoder) => Promise<T>) => Promise<T[]>
}

interface Fetch {
  protocol: (by: {
    version: number
  }) => (options: object) => { response: { decode: (bytes: Buffer) => Promise<object> } }
}

const EncoderClass = requireInternal('kafkajs/src/protocol/encoder') as new () => Encoder
const DecoderClass = requireInternal('kafkajs/src/protocol/decoder') as new (bytes: Buffer) => Decoder
const readOldMessages = requireInternal('kafkajs/src/protocol/requests/fetch/v4/decodeMessages') as (
  decoder: Decoder,
) => Promise<object[]>

/**
 * Patches kafkajs once for all clients of the process, so that it writes by `writeBatch` and reads by `readBatches`.
 * @throws Error if another version of kafkajs is installed
 */
export function patchRequests(): void {
  const { version } = requireInternal('kafkajs/package.json') as { version: string }
  if (version !== knownVersion)
    throw new Error(`kafkajs is ${version}: how it writes and reads records is known of ${knownVersion} only`)
  patchProduce(requireInternal('kafkajs/src/protocol/requests/produce') as Produce)
  patchFetch(requireInternal('kafkajs/src/protocol/requests/fetch') as Fetch)
}

function patchProduce(produce: Produce): void {
  const stock = produce.protocol
  produce.protocol = (by) => (options) => {
    const made = stock(by)(options)
    // What else is sent by kafkajs goes its way.
    if (!isOfRuns(options)) return made
    if (by.version < 3) throw new Error('the broker is older than Kafka 0.11, which was the first one to take records')
    const encode = async (): Promise<Encoder> => encodeProduce(options, new EncoderClass())
    return { ...made, request: { ...made.request, encode } }
  }
}

/** The newest version of the response that kafkajs knows. Brokers since 2.3 answer in it. */
const newestFetch = 11

function patchFetch(fetch: Fetch): void {
  const stock = fetch.protocol
  fetch.protocol = (by) => (options) => {
    const made = stock(by)(options)
    return by.version === newestFetch ? { ...made, response: { ...made.response, decode: decodeFetch } } : made
  }
}

/** Whether `openProducer` sends: one run of records a partition. */
const isOfRuns = ({ topicData }: ProduceOptions): boolean =>
  topicData.every(({ partitions }) =>
    partitions.every(({ messages }) => messages.length === 1 && messages[0] instanceof RecordRun),
  )

/** Produce request from version 3 on: kafka.apache.org/protocol#The_Messages_Produce. */
function encodeProduce({ acks, timeout, compression, topicData }: ProduceOptions, out: Encoder): Encoder {
  const writtenAtMs = Date.now()
  out.writeString(null).writeInt16(acks).writeInt32(timeout).writeInt32(topicData.length)
  for (const { topic, partitions } of topicData) {
    out.writeString(topic).writeInt32(partitions.length)
    for (const { partition, messages } of partitions) {
      const [run] = messages as [RecordRun]
      out.writeInt32(partition).writeBytes(writeBatch(run.records, writtenAtMs, codecOf(compression)))
    }
  }
  return out
}

/** Fetch response of version 11: kafka.apache.org/protocol#The_Messages_Fetch. */
async function decodeFetch(bytes: Buffer): Promise<object> {
  const decoder = new DecoderClass(bytes)
  return {
    // The broker has not throttled the request: it asks the client to wait, and ignores requests that come before.
    throttleTime: 0,
    clientSideThrottleTime: decoder.readInt32(),
    errorCode: decoder.readInt16(),
    sessionId: decoder.readInt32(),
    responses: await decoder.readArrayAsync(async (ofTopic) => ({
      topicName: ofTopic.readString(),
      partitions: await ofTopic.readArrayAsync(decodePartition),
    })),
  }
}

const decodePartition = async (decoder: Decoder): Promise<object> => ({
  partition: decoder.readInt32(),
  errorCode: decoder.readInt16(),
  highWatermark: `${decoder.readInt64()}`,
  lastStableOffset: `${decoder.readInt64()}`,
  lastStartOffset: `${decoder.readInt64()}`,
  abortedTransactions: decoder.readArray((aborted) => ({
    producerId: `${aborted.readInt64()}`,
    firstOffset: `${aborted.readInt64()}`,
  })),
  preferredReadReplica: decoder.readInt32(),
  messages: await decodeMessages(decoder),
})

async function decodeMessages(decoder: Decoder): Promise<object[]> {
  const length = decoder.readInt32()
  if (length <= 0) return []
  const batches = decoder.readBytes(length)
  if (batches.length < length) return []
  if (isReadable(batches)) return readBatches(batches)
  const sized = Buffer.alloc(4 + length)
  sized.writeInt32BE(length)
  sized.set(batches, 4)
  return readOldMessages(new DecoderClass(sized))
}
