import { expect, test } from 'vitest'
import type { Comparison } from '#operations/history/diff-tables.ts'
import { shownDryRun, shownReplay } from './job-results.ts'

test('instants of a replay are ISO 8601; an open side is null', () => {
  const replay = {
    ...{ id: 'r', kind: 'replay', dataset: 'd', state: 'finished', who: 'me', why: 'x', message: '', spans: [] },
    ...{ counts: { points: 3 }, fromVersion: 1, toVersion: 2 },
    ...{ windowFrom: 1_761_429_600_000, windowTo: null, startedAt: 1_764_590_400_123, at: 1_764_590_401_000 },
  }
  expect(shownReplay(replay)).toEqual({
    ...replay,
    ...{ windowFrom: '2025-10-25T22:00:00.000Z', windowTo: null },
    ...{ startedAt: '2025-12-01T12:00:00.123Z', at: '2025-12-01T12:00:01.000Z' },
  })
})

test('instants of the points that a dry run would change are ISO 8601', () => {
  const point = { key: 'k', before: 1, after: 2, note: '' }
  const largest = [{ ...point, ts: '2025-10-25 22:00:00', knownAt: '2025-10-25 09:00:00.123' }]
  const comparison = { rowsChanged: 1, largest } as unknown as Comparison
  expect(shownDryRun({ comparison, answers: 4 })).toEqual({
    answers: 4,
    comparison: {
      rowsChanged: 1,
      largest: [{ ...point, ts: '2025-10-25T22:00:00Z', knownAt: '2025-10-25T09:00:00.123Z' }],
    },
  })
})
