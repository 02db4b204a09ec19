import { contradictions, type RowFlags } from '../answers/checks.ts'
import type { Check, Window } from '../source.ts'
import type { VoteColumns } from './columns.ts'

// The readme of the dump names 1 to 13, https://meta.stackexchange.com/questions/2677 also 15 and 16.
const knownTypes = new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15, 16])
const year2008Ms = Date.UTC(2008)

/** Makes a check of single votes by one of their columns. */
const voteCheck = (
  flag: string,
  text: string,
  column: string,
  contradicts: (value: number, window: Window) => boolean,
): Check => ({
  flag,
  text,
  find: (columns, mark, window) => {
    const values = columns.get(column) ?? []
    for (let row = 0; row < values.length; row++) {
      const value = values[row] ?? null
      if (value !== null && contradicts(value, window)) mark(column, row)
    }
  },
})

export const voteChecks: readonly Check[] = [
  voteCheck(
    'unknown-vote-type',
    'The documentation of the dump does not name the VoteTypeId: it names 1 to 13, 15 and 16.',
    'VoteTypeId',
    (type) => !knownTypes.has(type),
  ),
  voteCheck(
    'created-in-future',
    'The CreationDate is later than the second in which the file was read.',
    'CreationDate',
    (createdMs, { endMs }) => createdMs >= endMs,
  ),
  voteCheck(
    'created-before-2008',
    'The CreationDate is before 2008, when Stack Exchange began.',
    'CreationDate',
    (createdMs) => createdMs < year2008Ms,
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
