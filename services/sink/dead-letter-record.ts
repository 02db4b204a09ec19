import { parseDeadLetter } from '#core/dead-letter.ts'
import { deadLetterHeaders } from '#platform/kafka/dead-letter.ts'
import { resolutionOf } from '#platform/kafka/dead-letter-resolution.ts'
import type { StoredRecord } from '#platform/kafka/read-range.ts'
import { printable } from '#platform/process/printable.ts'
import type { DeadLetterRecord } from '#schemas/dead-letter-record.ts'
import { acceptedAnswerSchema, pollSchema, rawResponseSchema } from '#schemas/generated/records.ts'
import type { Topic } from '#schemas/topics.ts'

const keyedByIdentity: (Topic['record'] | undefined)[] = [rawResponseSchema, acceptedAnswerSchema, pollSchema]

const maxNameChars = 250
const maxKeyChars = 1_000
const maxSentenceChars = 4_000
const maxAttempts = 2 ** 32 - 1
// ClickHouse's DateTime64(3) ends with the year 2299.
const maxMs = Date.UTC(2299, 11, 31)

/**
 * Returns what a record of a dead-letter topic says in its key and headers: which dead letter it is, or the decision on
 * one. `origins` are the topics whose refused records become dead letters on that topic. Any producer can set headers, so
 * bad numbers and times are left out, and texts are cut and made printable. Never throws.
 */
export function deadLetterRecord(record: StoredRecord, origins: readonly Topic[]): DeadLetterRecord {
  const { topic, partition, offset, writtenAtMs } = record
  const resolution = resolutionOf(record)
  if (resolution) {
    return {
      ...{ topic, partition, offset, ...unknownLetter },
      // A decision on a letter that does not lie before it decides nothing. It then names itself.
      letterOffset: resolution.offset >= 0 && resolution.offset < offset ? resolution.offset : offset,
      decision: resolution.decision,
      at: believed(resolution.atMs, writtenAtMs),
      ...{ by: clean(resolution.by, maxNameChars), why: clean(resolution.why, maxSentenceChars) },
    }
  }
  const letter = parseDeadLetter(record)
  const { source: original, key } = letter
  const refused = origins.find(({ name }) => name === original?.topic)?.record
  return {
    ...{ topic, partition, offset, decision: '', letterOffset: offset, by: '', why: '' },
    at: believed(letter.atMs, writtenAtMs),
    dataset: letter.dataset === null ? null : clean(letter.dataset, maxNameChars),
    reason: clean(letter.reason, maxNameChars),
    previousReason: letter.previousReason === null ? null : clean(letter.previousReason, maxNameChars),
    message: clean(letter.message, maxSentenceChars),
    requestIdentity: key !== null && keyedByIdentity.includes(refused) ? clean(key, maxKeyChars) : null,
    raw: original && refused === rawResponseSchema ? original : null,
    original: original && { ...original, topic: clean(original.topic, maxNameChars) },
    service: clean(letter.service, maxNameChars),
    version: clean(record.headers[deadLetterHeaders.version]?.toString() ?? '', maxNameChars),
    attempts: Math.min(letter.attempts, maxAttempts),
  }
}

const unknownLetter = {
  dataset: null,
  reason: '',
  previousReason: null,
  message: '',
  requestIdentity: null,
  raw: null,
  original: null,
  service: '',
  version: '',
  attempts: 0,
}

/** Returns the time of a header. If it is not before the time at which the record was written, returns the latter. */
function believed(headerMs: number, writtenAtMs: number): number {
  const writtenMs = writtenAtMs > 0 ? Math.min(writtenAtMs, maxMs) : undefined
  return headerMs > 0 && headerMs <= (writtenMs ?? maxMs) ? headerMs : (writtenMs ?? 0)
}

function clean(text: string, maxChars: number): string {
  const cut = text.length > maxChars ? `${text.slice(0, maxChars - 1)}…` : text
  return printable(cut).toWellFormed()
}
