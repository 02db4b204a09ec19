import type { Change } from '../api/records.ts'

export interface ChangeGroup {
  /** The first of them; the largest, if each has a size. */
  row: Change
  /** The first and the last time of the group. */
  first: string
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
    if (!isSame) groups.push({ row, first: row.ts, last: row.ts, count: 1 })
    else {
      group.count++
      // The list may be in the order of times, or against it.
      if (row.ts < group.row.ts) group.row = row
      widen(group, row)
    }
  }
  return groups
}

/** Joins all that one answer changed of a series; the row is the largest change. The groups are in the order of `rows`. Pure. */
export function answersOf(rows: readonly Change[]): ChangeGroup[] {
  const groups = new Map<string, ChangeGroup>()
  for (const row of rows) {
    const name = [row.dataset, row.key, row.known_at].join(' ')
    const group = groups.get(name)
    if (group === undefined) groups.set(name, { row, first: row.ts, last: row.ts, count: 1 })
    else {
      group.count++
      if ((row.size ?? -1) > (group.row.size ?? -1)) group.row = row
      widen(group, row)
    }
  }
  return [...groups.values()]
}

function widen(group: ChangeGroup, { ts }: Change): void {
  if (ts < group.first) group.first = ts
  if (ts > group.last) group.last = ts
}

/** Says how much a group has: `24 hours` if it has each hour between its times, else `3 values`. Pure. */
export function countText({ first, last, count }: ChangeGroup): string {
  const isHours = Date.parse(last) - Date.parse(first) === (count - 1) * 3_600_000
  return `${count} ${isHours ? 'hours' : 'values'}`
}
