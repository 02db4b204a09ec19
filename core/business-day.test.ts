import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addDays, businessDay, dayAt, dayBeforeAtMs, daysBetween } from './business-day.ts'
import { hostOf, partitionOfHost } from './host.ts'

const zone = 'Europe/Brussels'
const iso = ({ startMs, endMs }: { startMs: number; endMs: number }) =>
  [startMs, endMs].map((ms) => new Date(ms).toISOString())

test('a business day is the local day, 24 hours, 25 in October and 23 in March', () => {
  expect(iso(businessDay(zone, '2026-04-20').window)).toEqual(['2026-04-19T22:00:00.000Z', '2026-04-20T22:00:00.000Z'])
  expect(iso(businessDay(zone, '2025-10-26').window)).toEqual(['2025-10-25T22:00:00.000Z', '2025-10-26T23:00:00.000Z'])
  expect(iso(businessDay(zone, '2026-03-29').window)).toEqual(['2026-03-28T23:00:00.000Z', '2026-03-29T22:00:00.000Z'])
})

test('a day that no calendar has is refused', () => {
  for (const day of ['2026-02-30', '2026-13-01', 'yesterday', ''])
    expect(() => businessDay(zone, day)).toThrow(RangeError)
})

test('the search begins at the local time of the day before, also across a change of the clocks', () => {
  expect(new Date(dayBeforeAtMs(zone, '2026-04-21', '09:00')).toISOString()).toBe('2026-04-20T07:00:00.000Z')
  expect(new Date(dayBeforeAtMs(zone, '2026-03-30', '09:00')).toISOString()).toBe('2026-03-29T07:00:00.000Z')
  expect(new Date(dayBeforeAtMs(zone, '2026-03-29', '09:00')).toISOString()).toBe('2026-03-28T08:00:00.000Z')
})

test('every instant lies in its day, days adjoin, and a window names its day', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4_000_000_000_000 }), (atMs) => {
      const day = dayAt(zone, atMs)
      const { window } = businessDay(zone, day)
      expect(window.startMs <= atMs && atMs < window.endMs).toBe(true)
      expect(businessDay(zone, addDays(day, 1)).window.startMs).toBe(window.endMs)
      expect(daysBetween(day, addDays(day, 40))).toBe(40)
    }),
    { numRuns: 50 },
  )
})

test('a host keeps its partition whatever the path; ports tell hosts apart', () => {
  expect(hostOf('https://publicationtool.jao.eu/core')).toBe('publicationtool.jao.eu')
  expect(hostOf('http://127.0.0.1:4000')).toBe('127.0.0.1:4000')
  // All pollers and CLIs of all versions must agree, or they look for a record in the wrong partition.
  expect(partitionOfHost('publicationtool.jao.eu', 4)).toBe(0)
})
