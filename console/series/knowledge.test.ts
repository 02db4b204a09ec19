import { expect, test } from 'vitest'
import { boundariesOf, knownInstants, linesOf, pointAt, pointsOf, summaryOf, versionAt } from './knowledge.ts'

const hour = (text: string) => Date.parse(`2026-11-20T${text}:00Z`)
const iso = (ms: number) => new Date(ms).toISOString().replace('.000Z', 'Z')
const grid = ['00:00', '01:00', '02:00', '03:00'].map((text) => ({
  ...{ ts: iso(hour(text)), value: null, known_at: null, step_s: 3_600, flags: [] },
}))
const known = (ts: string, knownAt: string, value: number | null, flags: string[] = []) => ({
  ...{ ts: iso(hour(ts)), known_at: iso(hour(knownAt)), value, flags, raw_partition: 0, raw_offset: 7 },
})
// 00:00 was revised twice, 01:00 was never revised, 02:00 was never known, 03:00 was withdrawn.
const points = pointsOf(grid, [
  known('00:00', '10:00', 100),
  known('00:00', '11:00', 140),
  known('00:00', '12:00', 90),
  known('01:00', '10:00', 50),
  known('03:00', '10:00', 7),
  known('03:00', '12:00', null, ['withdrawn']),
])

test('times without a value reach to the next one, and the last one as far as the one before', () => {
  const empty = grid.map((row) => ({ ...row, step_s: null }))
  expect(boundariesOf([{ points: pointsOf(empty, []) }])).toEqual(
    ['00:00', '01:00', '02:00', '03:00', '04:00'].map(hour),
  )
})

test('the value of a point is the newest one known by then, and nothing before the first', () => {
  const at = (index: number, text: string | null) => versionAt(points[index]!, text === null ? null : hour(text))?.value
  expect([at(0, '09:59'), at(0, '10:00'), at(0, '11:30'), at(0, null)]).toEqual([undefined, 100, 140, 90])
  expect([at(2, null), at(3, '11:00'), at(3, null)]).toEqual([undefined, 7, null])
})

test('the slider stops where something became known, with the largest change', () => {
  expect(knownInstants([{ points }])).toEqual([
    { ms: hour('10:00'), points: 3, maxChange: 0 },
    { ms: hour('11:00'), points: 1, maxChange: 40 },
    { ms: hour('12:00'), points: 2, maxChange: 50 },
  ])
})

test('lines hold between boundaries, and gaps stay gaps', () => {
  const boundaries = boundariesOf([{ points }])
  expect(boundaries).toEqual(['00:00', '01:00', '02:00', '03:00', '04:00'].map(hour))
  expect(linesOf({ points }, boundaries, hour('11:00'))).toEqual({
    first: [100, 50, null, 7, null],
    now: [90, 50, null, null, null],
    asOf: [140, 50, null, 7, null],
    low: [90, 50, null, 7, null],
    high: [140, 50, null, 7, null],
  })
})

test('a series of quarters and one of hours share their axis, and the hour has no hole at its quarters', () => {
  const quarters = {
    points: [0, 15, 30, 45].map((minute) => ({
      ms: hour('00:00') + minute * 60_000,
      stepMs: 900_000,
      versions: [version(minute)],
    })),
  }
  const hours = { points: [{ ms: hour('00:00'), stepMs: 3_600_000, versions: [version(60)] }] }
  const boundaries = boundariesOf([quarters, hours])
  expect(boundaries).toHaveLength(5)
  expect(linesOf(quarters, boundaries, null).now).toEqual([0, 15, 30, 45, null])
  expect(linesOf(hours, boundaries, null).now).toEqual([60, 60, 60, 60, null])
  expect(pointAt(quarters.points, hour('00:00') + 29 * 60_000)?.versions[0]?.value).toBe(15)
  expect(pointAt(hours.points, hour('01:00'))).toBeUndefined()
})

const version = (value: number) => ({ knownMs: 0, value, flags: [], rawPartition: 0, rawOffset: 0 })

test('the summary says the range, the gaps and the revisions', () => {
  expect(summaryOf({ name: 'd/k', unit: 'MW', zone: 'UTC', points }, null)).toBe(
    'd/k: 2 values from 50 to 90 MW, 2 gaps, 2 times were revised.',
  )
})
