// Which letters a command means.
import { type Command, Option } from 'commander'
import { Problem } from '#platform/process/problem.ts'
import { readInstantOrDay } from '../instant.ts'
import { type Letter, placeName, placeOf } from './letter.ts'
import { deadLetterTopics } from './topics.ts'

/** The options as they are written. */
export interface FilterOptions {
  source?: string
  topic?: string
  reason?: string
  key?: string
  since?: string
  until?: string
}

/** The letters that are meant: those with one of the ids, when there are any, that pass every filter. */
export interface Selection {
  ids: string[]
  /** Name of a dead-letter topic. */
  deadLetters?: string
  /** The topic that the refused message came from. */
  topic?: string
  reason?: string
  key?: string
  sinceMs?: number
  untilMs?: number
}

/** Adds the filters to a command. */
export const withFilters = (command: Command): Command =>
  command
    .addOption(new Option('--source <name>', 'of one source').choices([...deadLetterTopics.keys()]))
    .option('--topic <name>', 'refused on this topic, for example jao.raw')
    .option('--reason <code>', 'refused for this reason')
    .option('--key <key>', 'of this key, or of all that begin with it and a slash: a dataset')
    .option('--since <time>', 'refused at this time or later; 2026-10-25T02:00+02:00, or a day (UTC)')
    .option('--until <time>', 'refused before this time')

/** @throws Problem for an id or a time that is none */
export function readSelection(ids: readonly string[], options: FilterOptions): Selection {
  const { source, topic, reason, key, since, until } = options
  const deadLetters = source === undefined ? undefined : deadLetterTopics.get(source)
  return {
    ids: ids.map((id) => placeName(readId(id))),
    ...(deadLetters !== undefined && { deadLetters }),
    ...(topic !== undefined && { topic }),
    ...(reason !== undefined && { reason }),
    ...(key !== undefined && { key }),
    ...(since !== undefined && { sinceMs: readInstantOrDay(since, '--since') }),
    ...(until !== undefined && { untilMs: readInstantOrDay(until, '--until') }),
  }
}

/** @throws Problem when the text is no id, or names no dead-letter topic */
export function readId(id: string) {
  const place = placeOf(id)
  if (!place)
    throw new Problem(`${id} is no letter's id: write it as \`npx tidemark dlq list --each\` does, jao.dlq/0/17.`)
  const topics = [...deadLetterTopics.values()]
  if (topics.includes(place.topic)) return place
  throw new Problem(`${id}: ${place.topic} is no dead-letter topic; there are: ${topics.join(', ')}.`)
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

/** Whether a letter is meant. Open or settled is no part of it. */
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
