import { expect, test } from 'vitest'
import type { Change } from '../api/records.ts'
import { answersOf, countText, groupsOf } from './change-groups.ts'

const change = (hour: number, more: Partial<Change> = {}): Change => ({
  ...{ known_at: '2026-11-20T10:00:00.000Z', dataset: 'd', key: 'k', ts: `2026-11-20T0${hour}:00:00Z` },
  ...{ previous_value: 1, value: null, previous_known_at: '', delay_s: null, flags: ['withdrawn'], size: null },
  ...more,
})

test('hours that one answer took away are one line, whatever their order; other changes stand alone', () => {
  const kept = change(4, { value: 7, size: 6, flags: [] })
  const rows = [change(3), change(2), change(1), kept, change(5, { key: 'other' }), change(6)]
  expect(groupsOf(rows).map(({ row, last, count }) => [row.ts.slice(11, 13), last.slice(11, 13), count])).toEqual([
    ['01', '03', 3],
    ['04', '04', 1],
    ['05', '05', 1],
    ['06', '06', 1],
  ])
})

test('what one answer changed of a series is one line with its largest change', () => {
  const size = (hour: number, of: number, more: Partial<Change> = {}) => change(hour, { size: of, value: of, ...more })
  const other = '2026-11-20T11:00:00.000Z'
  const rows = [
    size(3, 9),
    size(1, 8),
    size(2, 8, { known_at: other }),
    size(2, 7),
    change(4, { key: 'k2' }),
    size(5, 1),
  ]
  const groups = answersOf(rows)
  expect(
    groups.map(({ row, first, last, count }) => [row.ts.slice(11, 13), first.slice(11, 13), last.slice(11, 13), count]),
  ).toEqual([
    ['03', '01', '05', 4],
    ['02', '02', '02', 1],
    ['04', '04', '04', 1],
  ])
  // Hour 4 was not changed.
  expect(groups.map(countText)[0]).toBe('4 values')
  expect(answersOf([size(1, 1), size(2, 5), size(3, 2)]).map((group) => [countText(group), group.row.size])).toEqual([
    ['3 hours', 5],
  ])
  // A null that came or went has no size: a number is larger.
  expect(answersOf([change(1), size(2, 0)])[0]?.row.ts).toBe('2026-11-20T02:00:00Z')
})
