import { type Command, Option } from 'commander'
import { type Place, placeName, placeOf } from '#core/dead-letter.ts'
import { readInstantOrDay } from '#core/instant.ts'
import { isEverything, type Selection } from '#operations/dead-letters/selection.ts'
import { deadLetterTopics } from '#operations/dead-letters/topics.ts'
import { UserError } from '#platform/process/user-error.ts'

export interface FilterOptions {
  source?: string
  topic?: string
  reason?: string
  key?: string
  since?: string
  until?: string
}

export const withFilters = (command: Command): Command =>
  command
    .addOption(new Option('--source <name>', 'of one source').choices([...deadLetterTopics.keys()]))
    .option('--topic <name>', 'refused on this topic, for example jao.raw')
    .option('--reason <code>', 'refused for this reason')
    .option('--key <key>', 'of this key, or of all that begin with it and a slash: a dataset')
    .option('--since <time>', 'refused at this time or later; 2026-10-25T02:00+02:00, or a day (UTC)')
    .option('--until <time>', 'refused before this time')

/** Converts ids and filter options into a selection. @throws UserError for an invalid id or time */
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

/** Like `readSelection`. Also @throws UserError if neither an id nor a filter nor --everything is given */
export function readChangedSelection(
  ids: readonly string[],
  options: FilterOptions & { everything?: boolean },
): Selection {
  const selection = readSelection(ids, options)
  if (!isEverything(selection) || options.everything) return selection
  throw new UserError(
    'That means every open letter: name ids or filters, or say --everything. --dry-run shows what it does.',
  )
}

/** Parses the id of a dead letter. @throws UserError for an invalid id or an unknown dead-letter topic */
export function readId(id: string): Place {
  const place = placeOf(id)
  if (!place)
    throw new UserError(`${id} is not a letter's id: write it as \`npx tidemark dlq list --each\` does, jao.dlq/0/17.`)
  const topics = [...deadLetterTopics.values()]
  if (topics.includes(place.topic)) return place
  throw new UserError(`${id}: ${place.topic} is not a dead-letter topic; there are: ${topics.join(', ')}.`)
}
