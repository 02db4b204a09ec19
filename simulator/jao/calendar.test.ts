import fc from 'fast-check'
import { expect, test } from 'vitest'
import { businessDay, dayAt, daysWithin, firstPublicationMs, hoursOf, republicationDelayMs } from './calendar.ts'

const HOUR_MS = 3_600_000
const iso = (ms: number) => new Date(ms).toISOString()

test.each([
  ['2026-04-20', '2026-04-19T22:00:00.000Z', 24],
  ['2026-01-15', '2026-01-14T23:00:00.000Z', 24],
  ['2026-03-29', '2026-03-28T23:00:00.000Z', 23],
  ['2026-10-25', '2026-10-24T22:00:00.000Z', 25],
])('business day %s begins at %s and has %i hours', (day, start, hours) => {
  expect(iso(businessDay(day).startMs)).toBe(start)
  expect(hoursOf(businessDay(day))).toHaveLength(hours)
})

test('every instant belongs to exactly the day that covers it', () => {
  const instants = fc.integer({ min: Date.UTC(2022, 5, 10), max: Date.UTC(2030, 0, 1) })
  fc.assert(
    fc.property(instants, (instant) => {
      const { startMs, endMs } = businessDay(dayAt(instant))
      expect(startMs <= instant && instant < endMs).toBe(true)
    }),
  )
})

test('a window touches the days it overlaps, and none before 2022-06-09', () => {
  const days = (from: string, to: string) => daysWithin(Date.parse(from), Date.parse(to)).map(({ day }) => day)
  expect(days('2026-04-19T22:00Z', '2026-04-20T22:00Z')).toEqual(['2026-04-20'])
  expect(days('2026-04-19T21:00Z', '2026-04-20T22:01Z')).toEqual(['2026-04-19', '2026-04-20', '2026-04-21'])
  expect(days('2022-06-07T00:00Z', '2022-06-08T22:01Z')).toEqual(['2022-06-09'])
  expect(days('1999-01-01T00:00Z', '1999-01-02T00:00Z')).toEqual([])
})

test('a day is published between 10:20 and 10:40 in Brussels on the day before, summer and winter', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const summer = firstPublicationMs(seed, '2026-04-20')
      expect(summer).toBeGreaterThanOrEqual(Date.parse('2026-04-19T08:20Z'))
      expect(summer).toBeLessThan(Date.parse('2026-04-19T08:40Z'))
      const winter = firstPublicationMs(seed, '2026-01-15')
      expect(winter).toBeGreaterThanOrEqual(Date.parse('2026-01-14T09:20Z'))
      expect(winter).toBeLessThan(Date.parse('2026-01-14T09:40Z'))
    }),
  )
})

test('about 15 of 100 days are published again, 1 to 3 hours later or that and a day', () => {
  const days = Array.from({ length: 1400 }, (_, index) => iso(Date.UTC(2022, 5, 9) + index * 24 * HOUR_MS).slice(0, 10))
  const delays = days.flatMap((day) => republicationDelayMs(1, day) ?? [])
  expect(delays.length / days.length).toBeGreaterThan(0.12)
  expect(delays.length / days.length).toBeLessThan(0.18)
  const hours = delays.map((delay) => delay / HOUR_MS)
  expect(hours.every((h) => (h >= 1 && h <= 3) || (h >= 25 && h <= 27))).toBe(true)
  expect(hours.some((h) => h < 4)).toBe(true)
  expect(hours.some((h) => h > 24)).toBe(true)
})
