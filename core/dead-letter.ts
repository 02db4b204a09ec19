// A dead letter, parsed from its record. Any producer can set headers, so each header may be missing or wrong. Pure.
import { attemptsOf, deadLetterHeaders } from '#platform/kafka/dead-letter.ts'
import { type DeadLetterResolution, resolutionHeaders, resolutionOf } from '#platform/kafka/dead-letter-resolution.ts'
import type { StoredRecord } from '#platform/kafka/read-range.ts'
import { utcText } from '#platform/process/utc-text.ts'

/** A position in a topic. In text, `jao.dlq/0/17` is offset 17 of partition 0. */
export interface Place {
  topic: string
  partition: number
  offset: number
}

export interface DeadLetter extends Place {
  id: string
  key: string | null
  keyBytes: Buffer | null
  dataset: string | null
  /** Position of the refused record; null if the headers do not name one. */
  source: Place | null
  reason: string
  message: string
  /** Reason of the record's previous refusal; null if this refusal is its first. */
  previousReason: string | null
  attempts: number
  /** Id of the earlier dead letter from which the record was requeued; null if the record was never requeued. */
  returnOf: string | null
  service: string
  /** Time of the refusal, ms UTC. */
  atMs: number
  bytes: number | null
  /** True: the value was too large for a dead letter. It is only in the refused record at `source`. */
  isLeftOut: boolean
  /** Decision to requeue or drop the dead letter, with time and author; undefined while the dead letter is open. */
  decision?: DeadLetterResolution
}

export const placeName = ({ topic, partition, offset }: Place): string => `${topic}/${partition}/${offset}`

export function placeOf(text: string): Place | undefined {
  const [, topic, partition, offset] = /^([\w.-]+)\/(\d{1,9})\/(\d{1,15})$/.exec(text) ?? []
  return topic === undefined ? undefined : { topic, partition: Number(partition), offset: Number(offset) }
}

export const refusedForSameReason = ({ reason, previousReason }: DeadLetter): boolean => reason === previousReason

/** Collects dead letters, and the decisions on them, from the records of one dead-letter topic, added in order. */
export interface DeadLetterCollector {
  add: (record: StoredRecord) => void
  letters: () => DeadLetter[]
}

export function openDeadLetterCollector(): DeadLetterCollector {
  const letters = new Map<string, DeadLetter>()
  return {
    add: (record) => {
      const decision = resolutionOf(record)
      if (decision === undefined) {
        const letter = parseDeadLetter(record)
        letters.set(letter.id, letter)
        return
      }
      const letter = letters.get(placeName({ ...record, offset: decision.offset }))
      if (letter) letter.decision = decision
    },
    letters: () => [...letters.values()],
  }
}

export function parseDeadLetter(record: StoredRecord): DeadLetter {
  const names = deadLetterHeaders
  const text = (name: string): string | undefined => record.headers[name]?.toString()
  const key = record.key?.toString() ?? null
  const atMs = Date.parse(text(names.time) ?? '')
  const { topic, partition, offset } = record
  return {
    ...{ id: placeName(record), topic, partition, offset, key, keyBytes: record.key },
    dataset: text(names.dataset) ?? (key?.includes('/') ? (key.split('/')[0] ?? null) : null),
    source: placeOf(`${text(names.topic)}/${text(names.partition)}/${text(names.offset)}`) ?? null,
    reason: text(names.reason) ?? 'not told',
    message: text(names.message) ?? '',
    previousReason: text(names.previousReason) ?? null,
    attempts: attemptsOf(record.headers),
    returnOf: text(resolutionHeaders.letter) ?? null,
    service: text(names.service) ?? 'not told',
    atMs: Number.isNaN(atMs) ? record.writtenAtMs : atMs,
    bytes: record.value?.length ?? null,
    isLeftOut: names.leftOut in record.headers,
  }
}

export const letterJson = ({ atMs, decision, keyBytes: _keyBytes, ...letter }: DeadLetter) => ({
  ...letter,
  time: utcText(atMs),
  decision: decision ? { ...decision, atMs: undefined, time: utcText(decision.atMs) } : null,
})
