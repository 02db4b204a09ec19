import type { Change } from '../api/records.ts'

export interface ChangeGroup {
  row: Change
  /** The last time of the group. */
  last: string
  count: number
}

export const nameOfChange = ({ dataset, key, ts, known_at: at }: Change): string => `${dataset} ${key} ${ts} ${at}`

/** Joins neighbours of a key that lost their values with the same answer. Other changes stand alone. Pure. */
export function groupsOf(rows: readonly Change[]): ChangeGroup[] {
  const groups: ChangeGroup[] = []
  for (const row of rows) {
    const group = groups.at(-1)
    const isSame =
      group !== undefined &&
      row.value === null &&
      group.row.value === null &&
      [row.dataset, row.key, row.known_at].join(' ') ===
        [group.row.dataset, group.row.key, group.row.known_at].join(' ')
    if (!isSame) groups.push({ row, last: row.ts, count: 1 })
    else {
      group.count++
      // The list may be in the order of times, or against it.
      if (row.ts < group.row.ts) group.row = row
      if (row.ts > group.last) group.last = row.ts
    }
  }
  return groups
}
