// A dead letter as its record tells it, and what became of it. Pure. Headers are anybody's: what they say may be nothing.
import { attemptsOf, deadLetterHeaders } from '#platform/kafka/dead-letter.ts'
import { type DeadLetterResolution, decisionHeaders, decisionOf } from '#platform/kafka/dead-letter-resolution.ts'
import type { StoredRecord } from '#platform/kafka/read-range.ts'
import { utcText } from '#platform/process/utc-text.ts'

/** A record of a topic: `jao.dlq/0/17` is offset 17 of partition 0. */
export interface Place {
  topic: string
  partition: number
  offset: number
}

export interface Letter extends Place {
  id: string
  key: string | null
  /** The key as it is. */
  keyBytes: Buffer | null
  /** Which dataset it is about; null when nothing tells. */
  dataset: string | null
  /** Where the refused message lay; null when the headers do not say. */
  source: Place | null
  reason: string
  message: string
  /** Why it was refused the time before; null when it was refused once. */
  previousReason: string | null
  attempts: number
  /** The letter that was sent back and refused once more as this one; null when there was none. */
  returnOf: string | null
  service: string
  /** When it was refused, ms UTC. */
  atMs: number
  /** Length of the value; null when it has none. */
  bytes: number | null
  /** Whether the value was too large for a letter: it lies at its source alone. */
  isLeftOut: boolean
  /** Undefined while the letter is open. */
  decision?: DeadLetterResolution
}

export const placeName = ({ topic, partition, offset }: Place): string => `${topic}/${partition}/${offset}`

/** The place that a text names; undefined when it names none. */
export function placeOf(text: string): Place | undefined {
  const [, topic, partition, offset] = /^([\w.-]+)\/(\d{1,9})\/(\d{1,15})$/.exec(text) ?? []
  return topic === undefined ? undefined : { topic, partition: Number(partition), offset: Number(offset) }
}

/** Whether a letter came back for the reason that it was refused for before. */
export const cameBack = ({ reason, previousReason }: Letter): boolean => reason === previousReason

/** Collects the letters of one dead-letter topic out of its records, given in order, and what was decided on each. */
export interface LetterBox {
  add: (record: StoredRecord) => void
  /** Each with the newest decision on it. */
  letters: () => Letter[]
}

export function openLetterBox(): LetterBox {
  const letters = new Map<string, Letter>()
  return {
    add: (record) => {
      const decision = decisionOf(record)
      if (decision === undefined) {
        const letter = letterOf(record)
        letters.set(letter.id, letter)
        return
      }
      const letter = letters.get(placeName({ ...record, offset: decision.offset }))
      if (letter) letter.decision = decision
    },
    letters: () => [...letters.values()],
  }
}

export function letterOf(record: StoredRecord): Letter {
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
    returnOf: text(decisionHeaders.letter) ?? null,
    service: text(names.service) ?? 'not told',
    atMs: Number.isNaN(atMs) ? record.writtenAtMs : atMs,
    bytes: record.value?.length ?? null,
    isLeftOut: names.leftOut in record.headers,
  }
}

/** A letter as JSON: with times as UTC text, without the bytes of its key. */
export const letterJson = ({ atMs, decision, keyBytes: _keyBytes, ...letter }: Letter) => ({
  ...letter,
  time: utcText(atMs),
  decision: decision ? { ...decision, atMs: undefined, time: utcText(decision.atMs) } : null,
})
