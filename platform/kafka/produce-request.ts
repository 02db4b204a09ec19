// Makes kafkajs send batches that writeBatch writes.
import { createRequire } from 'node:module'
import type { CompressionTypes } from 'kafkajs'
import { codecOf } from './codecs.ts'
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

/** Patches kafkajs once for all clients of the process. @throws Error if another version of it is installed */
export function patchProduceRequest(): void {
  const { version } = requireInternal('kafkajs/package.json') as { version: string }
  if (version !== knownVersion)
    throw new Error(`kafkajs is ${version}: how it sends records is known of ${knownVersion} only`)
  const EncoderClass = requireInternal('kafkajs/src/protocol/encoder') as new () => Encoder
  const produce = requireInternal('kafkajs/src/protocol/requests/produce') as Produce
  const stock = produce.protocol
  produce.protocol = (by) => (options) => {
    const made = stock(by)(options)
    const runs = runsOf(options)
    // What else is sent by kafkajs goes its way.
    if (runs === undefined) return made
    if (by.version < 3) throw new Error('the broker is older than Kafka 0.11, which was the first one to take records')
    const encode = async (): Promise<Encoder> => encodeProduce(options, runs, new EncoderClass())
    return { ...made, request: { ...made.request, encode } }
  }
}

/** Returns the records that openProducer sends, by topic and partition. */
function runsOf({ topicData }: ProduceOptions): [topic: string, runs: RecordRun[]][] | undefined {
  const runs = topicData.map(({ topic, partitions }): [string, RecordRun[]] => [
    topic,
    partitions.flatMap(({ messages }) => messages.filter((message) => message instanceof RecordRun)),
  ])
  const sent = topicData.flatMap(({ partitions }) => partitions.flatMap(({ messages }) => messages)).length
  return runs.flatMap(([, ofTopic]) => ofTopic).length === sent ? runs : undefined
}

/** Produce request from version 3 on: kafka.apache.org/protocol#The_Messages_Produce. */
function encodeProduce(
  { acks, timeout, compression }: ProduceOptions,
  topics: readonly [topic: string, runs: RecordRun[]][],
  out: Encoder,
): Encoder {
  const writtenAtMs = Date.now()
  out.writeString(null).writeInt16(acks).writeInt32(timeout).writeInt32(topics.length)
  for (const [topic, runs] of topics) {
    out.writeString(topic).writeInt32(runs.length)
    for (const { partition, records } of runs)
      out.writeInt32(partition).writeBytes(writeBatch(records, writtenAtMs, codecOf(compression)))
  }
  return out
}
