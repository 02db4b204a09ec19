import type { RefusedAnswer } from '#operations/history/refusals.ts'
import type { ReplayResult } from '#operations/history/replay.ts'
import type { DatasetDiff } from '#operations/history/stage.ts'
import { printable } from '#platform/process/printable.ts'

const shownNames = 20
const maxNameChars = 200

/** Returns a dry run's result as text: first counts, then the largest differences. Pure. */
export function dryRunText(
  { dataset, transformVersion, answers, comparison, ...refusals }: DatasetDiff & { answers?: number },
  own: readonly string[] = [],
): string {
  const { rowsAdded, rowsChanged, rowsGone, rowsSame, rawGoneKept, seriesAdded, seriesGone, largest, storedVersion } =
    comparison
  const { goneFrom, changedFrom, ...told } = comparison.answers
  const { newlyRefused, newlyAccepted } = refusals
  const lines = [
    `${dataset}: ${answers === undefined ? 'all' : count(answers, 'answer')} read with transform version ${transformVersion}; highest version in the store: ${storedVersion}`,
    `values of answers: ${countsText({ added: rowsAdded, changed: rowsChanged, gone: rowsGone, same: rowsSame })}`,
    `accepted answers: ${countsText(told)}`,
    ...(own.length > 0 ? [`records of ${own.join(', ')} are compared by how many there are of each answer`] : []),
    ...(rawGoneKept > 0 ? [`raw gone, kept: ${number(rawGoneKept)}`] : []),
    ...(told.rawGoneKept > 0 ? [`answers whose raw is gone, kept: ${number(told.rawGoneKept)}`] : []),
    ...named(`raw records whose answer is gone (${number(told.gone)})`, goneFrom),
    ...named(`raw records whose answer is another (${number(told.changed)})`, changedFrom),
    ...named('series added', seriesAdded),
    ...named('series gone', seriesGone),
    ...named('answers newly refused', newlyRefused.map(refusedText), '\n  '),
    ...named('answers newly accepted', newlyAccepted),
    ...(largest.length > 0
      ? [`largest changes, ${largest.length} of ${number(rowsChanged)} (time and known_at in UTC):`]
      : []),
    ...largest.map(({ key, ts, knownAt, before, after, note }) => {
      return `  ${nameText(key)} ${ts} known ${knownAt}: ${before ?? 'null'} -> ${after ?? 'null'}${note ? ` (${printable(note)})` : ''}`
    }),
    ...(storedVersion > transformVersion
      ? [`a replay would be refused: an older version never wins; docs/releasing.md says how to roll back`]
      : []),
    ...(comparison.ofSameVersion > 0
      ? [
          `of these ${number(comparison.ofSameVersion)} are stored with version ${transformVersion} already: explode changed without a higher one, raise it before you replay`,
        ]
      : []),
  ]
  return `${lines.join('\n')}\n`
}

const countsText = (counts: { added: number; changed: number; gone: number; same: number }): string =>
  `added ${number(counts.added)}, changed ${number(counts.changed)}, gone ${number(counts.gone)}, the same ${number(counts.same)}`

export function replayedText({ replay, refused }: ReplayResult): string {
  const { id, dataset, fromVersion, toVersion, message, counts } = replay
  const lines = [
    `${dataset} replayed as ${id}, transform version ${toVersion} (highest in the store before: ${fromVersion}): ${message}`,
    ...named(`answers refused by today's explode (${counts.refused})`, refused.map(refusedText), '\n  '),
  ]
  return `${lines.join('\n')}\n`
}

/** Returns the first line that a replay or rebuild prints: the id, and the command that resumes it. */
export const beginsText = (kind: string, id: string, of: string): string =>
  `${kind} ${id} begins; if it is interrupted: npx tidemark ${kind}${of} --resume ${id}`

const refusedText = ({ partition, offset, reason, message }: RefusedAnswer): string =>
  `raw record ${partition}/${offset} ${reason}: ${message}`

function named(title: string, names: readonly string[], separator = ', '): string[] {
  if (names.length === 0) return []
  const shown = names
    .slice(0, shownNames)
    .map(separator === ', ' ? nameText : printable)
    .join(separator)
  const more = names.length > shownNames ? `${separator}and ${number(names.length - shownNames)} more` : ''
  return [`${title}: ${separator === ', ' ? '' : '\n  '}${shown}${more}`]
}

/** Upstream may name a series at any length. */
const nameText = (name: string): string =>
  printable(name.length > maxNameChars ? `${name.slice(0, maxNameChars)}…` : name)

const number = (value: number): string => value.toLocaleString('en')
const count = (value: number, noun: string): string => `${number(value)} ${noun}${value === 1 ? '' : 's'}`
