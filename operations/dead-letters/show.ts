import { type DeadLetter, type Place, parseDeadLetter, placeName } from '#core/dead-letter.ts'
import type { Kafka } from '#platform/kafka/client.ts'
import { type DeadLetterResolution, resolutionOf } from '#platform/kafka/dead-letter-resolution.ts'
import { offsetRange, readRanges, type StoredRecord } from '#platform/kafka/read-range.ts'
import { DecodeFailure, type Registry } from '#platform/kafka/registry.ts'
import { TransientError } from '#platform/process/transient-error.ts'
import { UserError } from '#platform/process/user-error.ts'
import type { RecordSchema } from '#schemas/record-schema.ts'
import { refusingTopics } from './topics.ts'

export interface FoundLetter {
  letter: DeadLetter
  record: StoredRecord
}

/** Returns the dead letter at a place, with the newest decision on it. @throws UserError if there is no dead letter */
export async function findLetter(kafka: Kafka, place: Place): Promise<FoundLetter> {
  const { topic, partition, offset } = place
  const span = (await offsetRange(kafka, topic)).get(partition)
  let record: StoredRecord | undefined
  let decision: DeadLetterResolution | undefined
  if (span && offset >= span.from && offset < span.to) {
    await readRanges(kafka, topic, new Map([[partition, { from: offset, to: span.to }]]), (records) => {
      for (const found of records) {
        if (found.offset === offset) record = found
        const decided = resolutionOf(found)
        if (decided?.offset === offset) decision = decided
      }
    })
  }
  const held = span && span.to > span.from ? `offsets ${span.from} to ${span.to - 1}` : 'nothing'
  if (!record) {
    throw new UserError(
      `There is no letter ${placeName(place)}: partition ${partition} of ${topic} holds ${span ? held : 'nothing: it does not exist'}.`,
    )
  }
  const decided = resolutionOf(record)
  if (!decided) return { letter: { ...parseDeadLetter(record), ...(decision && { decision }) }, record }
  const about = placeName({ topic, partition, offset: decided.offset })
  throw new UserError(`${placeName(place)} is not a letter: it records that ${about} was ${decided.decision}.`)
}

export type LetterContent =
  | { kind: 'nothing' }
  | { kind: 'record'; schema: RecordSchema; record: unknown }
  /** The value cannot be decoded. `problem` says why; it is undefined if the topic is unknown or has no schema. */
  | { kind: 'bytes'; bytes: Buffer; problem?: string }

/** Decodes the value of a dead letter. @param topic the topic of the refused record; undefined if unknown */
export async function readContent(
  { value }: Pick<StoredRecord, 'value'>,
  topic: string | undefined,
  registry: Registry,
): Promise<LetterContent> {
  if (value === null) return { kind: 'nothing' }
  const schema = refusingTopics.get(topic ?? '')?.topic.record
  if (!schema) return { kind: 'bytes', bytes: value }
  const decoder = registry.decoder(schema)
  try {
    await decoder.prepare([value])
  } catch (error) {
    if (!(error instanceof TransientError)) throw error
    return { kind: 'bytes', bytes: value, problem: error.message }
  }
  const record = decoder.decode(value)
  if (record instanceof DecodeFailure) return { kind: 'bytes', bytes: value, problem: record.message }
  return { kind: 'record', schema, record }
}
