import { createHash } from 'node:crypto'
import type { RawPlace } from '#core/memory-records.ts'
import type { Kafka } from '#platform/kafka/client.ts'
import { offsetRange, readRanges, type StoredRecord, type TopicRanges } from '#platform/kafka/read-range.ts'
import type { RecordReader } from '#platform/kafka/record-reader.ts'
import { DecodeFailure, type Decoder, type Registry } from '#platform/kafka/registry.ts'
import { utcText } from '#platform/process/utc-text.ts'
import { type RawResponse, rawResponseSchema } from '#schemas/generated/records.ts'
import type { PointAnswer } from './stored-point.ts'

/** A raw record as read from Kafka. `record.body` is the upstream response, byte for byte. */
export type FoundRaw =
  | { state: 'here'; stored: StoredRecord; record: RawResponse; problems: string[] }
  | { state: 'deleted'; why: string }
  /** The record does not belong to the answer, cannot be decoded, or never existed. */
  | { state: 'broken'; why: string }

export interface RawReader {
  kafka: Kafka
  registry: Registry
  /** Reads the records. Absent: a consumer is opened for each. */
  records?: Pick<RecordReader, 'ranges' | 'read'>
}

/** Reads a raw record and checks its hash. Commits no offsets. @throws TransientError if the registry is unavailable */
export async function readRawRecord(reader: RawReader, topic: string, place: RawPlace): Promise<FoundRaw> {
  const stored = await readOne(reader, topic, await heldRange(reader, topic), place)
  return 'why' in stored ? stored : decoded(reader.registry.decoder(rawResponseSchema), stored)
}

const heldRange = ({ kafka, records }: RawReader, topic: string): Promise<TopicRanges> =>
  records ? records.ranges(topic) : offsetRange(kafka, topic)

/** Maximum number of parallel reads. A read takes 0.1 s and mostly waits, because it opens a consumer. */
const maxAtOnce = 4

/** Reads the raw record of each answer, like `readRawRecord`. A record of another dataset or fetch time is `broken`. */
export async function readRawAnswers(
  reader: RawReader,
  topic: string,
  dataset: string,
  answers: readonly PointAnswer[],
  onDone: (count: number) => void,
): Promise<FoundRaw[]> {
  const held = await heldRange(reader, topic)
  const decoder = reader.registry.decoder(rawResponseSchema)
  const found: FoundRaw[] = []
  for (let from = 0; from < answers.length; from += maxAtOnce) {
    const some = answers.slice(from, from + maxAtOnce)
    const places = some.map(({ rawPartition: partition, rawOffset: offset }) => ({ partition, offset }))
    const stored = await Promise.all(places.map((place) => readOne(reader, topic, held, place)))
    for (const [index, raw] of stored.entries()) {
      const answer = some[index]
      if (answer === undefined) continue
      found.push('why' in raw ? raw : ofAnswer(await decoded(decoder, raw), dataset, answer))
    }
    onDone(found.length)
  }
  return found
}

type MissingRaw = Exclude<FoundRaw, { state: 'here' }>

async function readOne(
  { kafka, records }: RawReader,
  topic: string,
  held: TopicRanges,
  { partition, offset }: RawPlace,
): Promise<StoredRecord | MissingRaw> {
  const span = held.get(partition)
  const deleted = (first: number): MissingRaw => ({
    state: 'deleted',
    why: `deleted: partition ${partition} of ${topic} begins at offset ${first} now`,
  })
  if (span === undefined) return { state: 'broken', why: `${topic} has no partition ${partition}` }
  if (offset < span.from) return deleted(span.from)
  if (offset >= span.to) {
    return { state: 'broken', why: `partition ${partition} of ${topic} ends before it, at offset ${span.to}` }
  }
  if (records) return (await records.read(topic, partition, offset)) ?? deleted(offset + 1)
  let stored: StoredRecord | undefined
  await readRanges(kafka, topic, new Map([[partition, { from: offset, to: offset + 1 }]]), (records) => {
    stored = records[0]
  })
  return stored ?? deleted(offset + 1)
}

async function decoded(decoder: Decoder<RawResponse>, stored: StoredRecord): Promise<FoundRaw> {
  await decoder.prepare([stored.value])
  const record = decoder.decode(stored.value)
  if (record instanceof DecodeFailure)
    return { state: 'broken', why: `cannot be read (${record.reason}): ${record.message}` }
  const hash = createHash('sha256').update(record.body).digest('hex')
  const problems = hash === record.contentHash ? [] : [`the body does not match its hash: its SHA-256 is ${hash}`]
  return { state: 'here', stored, record, problems }
}

function ofAnswer(found: FoundRaw, dataset: string, { knownAtMs }: PointAnswer): FoundRaw {
  if (found.state !== 'here') return found
  const { record } = found
  if (record.dataset === dataset && record.fetchedAt === knownAtMs) return found
  const other = `${record.dataset}, fetched at ${utcText(record.fetchedAt)}`
  return { state: 'broken', why: `another answer lies there (${other}): store and topic do not belong together` }
}
