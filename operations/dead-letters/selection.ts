// Which letters an operation is about.
import type { Kafka } from '#platform/kafka/client.ts'
import { type Letter, placeOf } from './letter.ts'
import { type OnProgress, readLetters } from './read-letters.ts'
import { deadLetterTopics } from './topics.ts'

/** The letters with one of the ids, when there are any, that pass every filter. Times in ms UTC. */
export interface Selection {
  ids: string[]
  /** Name of a dead-letter topic. */
  deadLetters?: string
  /** The topic that the refused message came from. */
  topic?: string
  reason?: string
  /** This key, or all keys that begin with it and a slash. */
  key?: string
  sinceMs?: number
  untilMs?: number
}

/** The letters that an operation changes. */
export interface SelectedLetters {
  /** Open letters, and those that were named by id. */
  letters: Letter[]
  /** Ids that were named and that no letter has. */
  unknown: string[]
}

/** Reads the letters that a selection means. Letters that are settled count only when they are named by id. */
export async function selectLetters(
  kafka: Kafka,
  selection: Selection,
  onProgress?: OnProgress,
): Promise<SelectedLetters> {
  const letters = await readLetters(kafka, topicsOf(selection), onProgress)
  const all = new Set(letters.map(({ id }) => id))
  return {
    letters: letters.filter(
      (letter) => (selection.ids.length > 0 || letter.decision === undefined) && isMeant(letter, selection),
    ),
    unknown: selection.ids.filter((id) => !all.has(id)),
  }
}

/** Whether nothing narrows the selection: then it means every letter there is. */
export const isEverything = ({ ids, ...filters }: Selection): boolean =>
  ids.length === 0 && Object.keys(filters).length === 0

/** The dead-letter topics that have to be read for a selection. */
export function topicsOf({ ids, deadLetters }: Selection): string[] {
  const named = new Set(ids.map((id) => placeOf(id)?.topic))
  const wanted = (topic: string) => (named.size === 0 || named.has(topic)) && (deadLetters ?? topic) === topic
  return [...deadLetterTopics.values()].filter(wanted)
}

/** Whether a selection means a letter, be it open or settled. */
export function isMeant(letter: Letter, selection: Selection): boolean {
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
