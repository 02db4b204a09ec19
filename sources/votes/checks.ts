import { contradictions, type RowFlags } from '../answers/checks.ts'
import type { Check, Window } from '../source.ts'
import type { VoteColumns } from './columns.ts'

/** Makes a check of a column whose values must lie in a range, both ends included. */
const rangeCheck = (
  flag: string,
  text: string,
  column: string,
  rangeOf: (window: Window) => { min: number; max: number },
): Check => ({
  flag,
  text,
  find: (columns, mark, window) => {
    const { min, max } = rangeOf(window)
    const values = columns.get(column) ?? []
    for (let row = 0; row < values.length; row++) {
      const value = values[row] ?? null
      if (value !== null && (value < min || value > max)) mark(column, row)
    }
  },
})

// The types stand in the readme of the dump and at https://meta.stackexchange.com/questions/2677. 14 nominated moderators.
export const voteChecks: readonly Check[] = [
  rangeCheck(
    'unknown-vote-type',
    'The VoteTypeId is none of 1 to 16, the types of votes on public sites.',
    'VoteTypeId',
    () => ({ min: 1, max: 16 }),
  ),
  rangeCheck(
    'created-in-future',
    'The CreationDate is later than the second in which the file was read.',
    'CreationDate',
    ({ endMs }) => ({ min: -Infinity, max: endMs - 1 }),
  ),
  rangeCheck(
    'created-before-2008',
    'The CreationDate is before 2008, when Stack Exchange began.',
    'CreationDate',
    () => ({ min: Date.UTC(2008), max: Infinity }),
  ),
]

/** Returns the flags of each vote, or [] if no vote has a flag. */
export function flagsOfVotes({ voteTypeIds, creationDates }: VoteColumns, window: Window): string[][] {
  const columns = new Map([
    ['VoteTypeId', voteTypeIds],
    ['CreationDate', creationDates],
  ])
  const found = contradictions(voteChecks, columns, window)
  return found.size === 0 ? [] : creationDates.map((_, row) => flagsOfRow(found, row))
}

const flagsOfRow = (found: RowFlags, row: number): string[] =>
  [...found.values()].flatMap((rows) => rows.get(row) ?? [])

/** Returns how many votes have each flag: { 'unknown-vote-type': 2 }. */
export function countFlags(flagsOfEach: readonly string[][]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const flag of flagsOfEach.flat()) counts[flag] = (counts[flag] ?? 0) + 1
  return counts
}
