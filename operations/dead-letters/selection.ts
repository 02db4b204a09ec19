import { type DeadLetter, placeOf } from '#core/dead-letter.ts'
import type { Kafka } from '#platform/kafka/client.ts'
import { type OnProgress, readLetters } from './read-letters.ts'
import { deadLetterTopics } from './topics.ts'

/** Selects the dead letters that pass all filters. If there are `ids`, they are a filter, too. Times are ms UTC. */
export interface Selection {
  ids: string[]
  deadLetters?: string
  topic?: string
  reason?: string
  /** Key of the refused record, or its beginning: `jao.core.maxExchanges` also matches `jao.core.maxExchanges/…`. */
  key?: string
  sinceMs?: number
  untilMs?: number
}

export interface SelectedLetters {
  letters: DeadLetter[]
  /** Requested ids that do not exist. */
  unknown: string[]
}

/** Returns the matching dead letters. A requeued or dropped dead letter matches only if `ids` names it. */
export async function selectLetters(
  kafka: Kafka,
  selection: Selection,
  onProgress?: OnProgress,
): Promise<SelectedLetters> {
  const letters = await readLetters(kafka, topicsOf(selection), onProgress)
  const all = new Set(letters.map(({ id }) => id))
  return {
    letters: letters.filter(
      (letter) => (selection.ids.length > 0 || letter.decision === undefined) && matchesSelection(letter, selection),
    ),
    unknown: selection.ids.filter((id) => !all.has(id)),
  }
}

export const isEverything = ({ ids, ...filters }: Selection): boolean =>
  ids.length === 0 && Object.keys(filters).length === 0

export function topicsOf({ ids, deadLetters }: Selection): string[] {
  const named = new Set(ids.map((id) => placeOf(id)?.topic))
  const wanted = (topic: string) => (named.size === 0 || named.has(topic)) && (deadLetters ?? topic) === topic
  return [...deadLetterTopics.values()].filter(wanted)
}

export function matchesSelection(letter: DeadLetter, selection: Selection): boolean {
  const { ids, deadLetters, topic, reason, key, sinceMs, untilMs } = selection
  return (
    (ids.length === 0 || ids.includes(letter.id)) &&
    (deadLetters === undefined || letter.topic === deadLetters) &&
    (topic === undefined || letter.source?.topic === topic) &&
    (reason === undefined || letter.reason === reason) &&
    (key === undefined || letter.key === key || letter.key?.startsWith(`${key}/`) === true) &&
    (sinceMs === undefined || letter.atMs >= sinceMs) &&
    (untilMs === undefined || letter.atMs < untilMs)
  )
}
