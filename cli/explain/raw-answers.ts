import { createHash } from 'node:crypto'
import type { Kafka } from '#platform/kafka/client.ts'
import { readSpan, type StoredRecord, spanOf, type TopicSpan } from '#platform/kafka/read-span.ts'
import type { Registry } from '#platform/kafka/registry.ts'
import { utcText } from '#platform/process/utc-text.ts'
import type { RawResponse } from '#schemas/generated/records.ts'
import type { PointAnswer } from './point-answers.ts'

/** The raw record of an answer as it lies on Kafka now. */
export type FoundRaw =
  | { state: 'here'; stored: StoredRecord; record: RawResponse; problems: string[] }
  /** Below its partition's first offset: retention, or somebody, has deleted it. */
  | { state: 'deleted'; why: string }
  /** Something else lies there, or nothing ever did: store and topic do not belong together. */
  | { state: 'broken'; why: string }

/** Consumers at once: each takes some 0.1 s, most of it waiting. */
const atOnce = 4

/**
 * Reads the raw records of answers, committing nothing; the same order. What is wrong with one is told in its place.
 * @param done called with the number that are read
 * @throws Unwell when the registry is away
 */
export async function readRawAnswers(
  { kafka, registry }: { kafka: Kafka; registry: Registry },
  topic: string,
  dataset: string,
  answers: readonly PointAnswer[],
  done: (count: number) => void,
): Promise<FoundRaw[]> {
  const held = await spanOf(kafka, topic)
  const found: FoundRaw[] = []
  for (let from = 0; from < answers.length; from += atOnce) {
    const some = answers.slice(from, from + atOnce)
    const stored = await Promise.all(some.map((answer) => readOne(kafka, topic, held, answer)))
    for (const [index, raw] of stored.entries()) {
      const answer = some[index]
      if (answer !== undefined) found.push('why' in raw ? raw : await decoded(registry, raw, dataset, answer))
    }
    done(found.length)
  }
  return found
}

type Absent = Exclude<FoundRaw, { state: 'here' }>

async function readOne(
  kafka: Kafka,
  topic: string,
  held: TopicSpan,
  { rawPartition, rawOffset }: PointAnswer,
): Promise<StoredRecord | Absent> {
  const span = held.get(rawPartition)
  const deleted = (first: number): Absent => ({
    state: 'deleted',
    why: `deleted: partition ${rawPartition} of ${topic} begins at offset ${first} now`,
  })
  if (span === undefined) return { state: 'broken', why: `${topic} has no partition ${rawPartition}` }
  if (rawOffset < span.from) return deleted(span.from)
  if (rawOffset >= span.to) {
    return { state: 'broken', why: `partition ${rawPartition} of ${topic} ends before it, at offset ${span.to}` }
  }
  let stored: StoredRecord | undefined
  await readSpan(kafka, topic, new Map([[rawPartition, { from: rawOffset, to: rawOffset + 1 }]]), (records) => {
    stored = records[0]
  })
  return stored ?? deleted(rawOffset + 1)
}

async function decoded(
  registry: Registry,
  stored: StoredRecord,
  dataset: string,
  { knownAtMs }: PointAnswer,
): Promise<FoundRaw> {
  const decoder = registry.decoder('RawResponse')
  await decoder.prepare([stored.value])
  const record = decoder.decode(stored.value)
  if ('reason' in record) return { state: 'broken', why: `cannot be read (${record.reason}): ${record.message}` }
  if (record.dataset !== dataset || record.fetchedAt !== knownAtMs) {
    const other = `${record.dataset}, fetched at ${utcText(record.fetchedAt)}`
    return { state: 'broken', why: `another answer lies there (${other}): store and topic do not belong together` }
  }
  const hash = createHash('sha256').update(record.body).digest('hex')
  const problems = hash === record.contentHash ? [] : [`the body does not match its hash: its SHA-256 is ${hash}`]
  return { state: 'here', stored, record, problems }
}
