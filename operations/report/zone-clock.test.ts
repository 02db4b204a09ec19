import fc from 'fast-check'
import { expect, test } from 'vitest'
import { dayAt } from '#core/business-day.ts'
import { zoneClock } from './zone-clock.ts'

const changesMs = ['2026-03-29T01:00:00Z', '2026-10-25T01:00:00Z', '1996-10-27T01:00:00Z'].map(Date.parse)

test('says the local time of any instants in any order, also at the changes of the clocks', () => {
  const instant = fc.oneof(
    fc.integer({ min: 0, max: 4_000_000_000_000 }),
    fc.tuple(fc.constantFrom(...changesMs), fc.integer({ min: -2, max: 2 })).map(([at, by]) => at + by),
  )
  const zone = fc.constantFrom('Europe/Brussels', 'UTC', 'Australia/Lord_Howe', 'America/New_York')
  fc.assert(
    fc.property(zone, fc.array(instant, { maxLength: 12 }), (name, instants) => {
      const clock = zoneClock(name)
      for (const atMs of instants) {
        const local = Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(name).toPlainDateTime()
        expect(clock.localMs(atMs)).toBe(local.toZonedDateTime('UTC').epochMilliseconds)
        expect(clock.day(atMs)).toBe(dayAt(name, atMs))
      }
    }),
  )
})
