import type { DeadLetter } from '#core/dead-letter.ts'
import type { Kafka } from '#platform/kafka/client.ts'
import { offsetRange, recordsIn } from '#platform/kafka/read-range.ts'
import { utcText } from '#platform/process/utc-text.ts'
import { type OnProgress, readLetters } from './read-letters.ts'
import { matchesSelection, type Selection, topicsOf } from './selection.ts'
import { deadLetterTopics } from './topics.ts'

/** Dead letters with the same reason, dataset and topic. `example` is the message of the newest. Times are UTC. */
export interface LetterGroup {
  reason: string
  dataset: string | null
  /** Topic of the refused records; null if the headers do not say. */
  topic: string | null
  letters: number
  first: string
  last: string
  example: string
}

export interface ListRequest {
  selection: Selection
  /** True: also returns dead letters that were requeued or dropped. */
  withSettled: boolean
}

export async function listDeadLetters(
  kafka: Kafka,
  { selection, withSettled }: ListRequest,
  onProgress?: OnProgress,
): Promise<DeadLetter[]> {
  const letters = await readLetters(kafka, topicsOf(selection), onProgress)
  return letters.filter(
    (letter) => (withSettled || letter.decision === undefined) && matchesSelection(letter, selection),
  )
}

/** Groups dead letters by reason, dataset and topic. Returns the largest group first. Pure. */
export function groupLetters(letters: readonly DeadLetter[]): LetterGroup[] {
  const alike = Map.groupBy(letters, ({ reason, dataset, source }) => JSON.stringify([reason, dataset, source?.topic]))
  return [...alike.values()]
    .map((same) => {
      const byTime = same.toSorted((one, other) => one.atMs - other.atMs)
      const [first, last] = [byTime[0] as DeadLetter, byTime.at(-1) as DeadLetter]
      const { reason, dataset, source, message } = last
      const times = { first: utcText(first.atMs), last: utcText(last.atMs) }
      return { reason, dataset, topic: source?.topic ?? null, letters: same.length, ...times, example: message }
    })
    .toSorted((one, other) => other.letters - one.letters)
}

/**
 * Number of open dead letters with the same reason and dataset. If a dead-letter topic has more than `maxRead` records,
 * `letters` is the number of all its records, and reason and dataset are null.
 */
export interface OpenDeadLetters {
  reason: string | null
  dataset: string | null
  letters: number
  topic: string
}

/** Maximum number of records that are read from a topic. Reading more takes seconds. */
const maxRead = 20_000

/** Counts the open dead letters of all topics by reason, dataset and topic. @throws if Kafka is unavailable */
export async function countOpenLetters(kafka: Kafka): Promise<OpenDeadLetters[]> {
  const found = await Promise.all([...deadLetterTopics.values()].map((topic) => openIn(kafka, topic)))
  return found.flat().toSorted((one, other) => other.letters - one.letters)
}

async function openIn(kafka: Kafka, topic: string): Promise<OpenDeadLetters[]> {
  const records = recordsIn((await offsetRange(kafka, topic)).values())
  if (records === 0) return []
  if (records > maxRead) return [{ reason: null, dataset: null, letters: records, topic }]
  const open = (await readLetters(kafka, [topic])).filter(({ decision }) => decision === undefined)
  return groupLetters(open).map(({ reason, dataset, letters }) => ({ reason, dataset, letters, topic }))
}
