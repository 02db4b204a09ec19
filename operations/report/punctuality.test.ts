import { expect, test } from 'vitest'
import { punctualityOf } from './punctuality.ts'
import { zoneClock } from './zone-clock.ts'

const clock = zoneClock('Europe/Brussels')
const calendar = { searchFrom: '09:55' }
const deadline = { expectedBy: '11:00', lateAfterS: 1_800 }

/** A window of a day in Brussels, first complete at a local time of the day before. */
const found = (day: number, time: string, offset = '+01:00') => ({
  ...{ dataset: 'a', expectedByMs: null },
  windowStartMs: Date.parse(`2026-11-${String(day).padStart(2, '0')}T00:00:00${offset}`),
  atMs: Date.parse(`2026-11-${String(day - 1).padStart(2, '0')}T${time}:00${offset}`),
})

test('says the local times on the day that expectedBy counts from', () => {
  const times = ['10:00', '10:10', '10:20', '10:30']
  const said = punctualityOf(
    times.map((time, index) => found(10 + index, time)),
    { ...calendar, expected: deadline },
    clock,
  )
  expect(said).toEqual({
    windows: 4,
    days: 4,
    p50: '10:10',
    p95: '10:30',
    latest: '10:30',
    expectedBy: '11:00',
    hint: null,
  })
})

test('a time of the next day is 24:00 or later, and one of the day before has a minus', () => {
  const late = { ...found(10, '00:00'), atMs: Date.parse('2026-11-10T01:10:00+01:00') }
  const early = { ...found(12, '00:00'), atMs: Date.parse('2026-11-10T23:00:00+01:00') - 0 }
  expect(punctualityOf([late], { ...calendar, expected: deadline }, clock)?.latest).toBe('25:10')
  expect(punctualityOf([early], { ...calendar, expected: deadline }, clock)?.latest).toBe('-01:00')
  expect(punctualityOf([late], { ...calendar, expected: deadline, searchDaysLater: 2 }, clock)?.latest).toBe('-22:50')
  expect(punctualityOf([], { ...calendar, expected: deadline }, clock)).toBeNull()
})

test('a local time stays the same when the clocks change', () => {
  const summer = { ...found(10, '00:00'), windowStartMs: Date.parse('2026-10-25T00:00:00+02:00') }
  const winter = { ...found(10, '00:00'), windowStartMs: Date.parse('2026-10-26T00:00:00+01:00') }
  summer.atMs = Date.parse('2026-10-24T10:34:00+02:00')
  winter.atMs = Date.parse('2026-10-25T10:34:00+01:00')
  const said = punctualityOf([summer, winter], { ...calendar, expected: deadline }, clock)
  expect([said?.p50, said?.latest]).toEqual(['10:34', '10:34'])
})

test('hints where expectedBy does not fit, from 14 windows on', () => {
  const hint = (time: string, windows: number, expected: Parameters<typeof punctualityOf>[1]['expected'] = deadline) =>
    punctualityOf(
      Array.from({ length: windows }, (_, index) => found(2 + index, time)),
      { ...calendar, expected },
      clock,
    )?.hint
  expect(hint('11:05', 13)).toBeNull()
  expect(hint('11:05', 14)).toBe('expectedBy 11:00 is too early: 95 % are complete by 11:05, so 11:15 would fit')
  expect(hint('09:50', 14)).toBe(
    'expectedBy 11:00 is later than needed: 95 % are complete by 09:50, so 10:00 would fit',
  )
  expect(hint('09:30', 14)).toContain('95 % are complete by 09:30, so 09:55 would fit')
  expect(hint('10:01', 14)).toBeNull()
  expect(hint('10:01', 14, { notKnown: 'x' })).toContain('so 10:15 would fit')
})
