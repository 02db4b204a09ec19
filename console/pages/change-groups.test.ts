import { expect, test } from 'vitest'
import type { Change } from '../api/records.ts'
import { groupsOf } from './change-groups.ts'

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
