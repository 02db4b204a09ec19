import { expect, test } from 'vitest'
import { addDays, dayStart } from '../local-time.ts'
import { deliveryHour, markText, timeMarks } from './time-axis.ts'

const marks = (day: string, zone: string, max: number, days = 1) =>
  timeMarks(dayStart(day, zone), dayStart(addDays(day, days), zone), zone, max).map((ms) => markText(ms, zone))

test('a day of 25 hours has a mark for each hour, and the second one has a letter', () => {
  const found = marks('2026-10-25', 'Europe/Brussels', 30)
  expect(found).toHaveLength(26)
  expect(found.slice(0, 5)).toEqual(['10-25', '01:00', '02:00', '02:00B', '03:00'])
  expect(marks('2026-03-29', 'Europe/Brussels', 30)).toHaveLength(24)
  expect(marks('2026-11-01', 'America/New_York', 30).slice(0, 4)).toEqual(['11-01', '01:00', '01:00B', '02:00'])
  expect(marks('2026-10-25', 'UTC', 30)).toHaveLength(25)
})

test('with less room there are fewer marks, at hours that a clock shows, also across a change of clocks', () => {
  expect(marks('2026-10-25', 'Europe/Brussels', 10)).toEqual([
    '10-25',
    '03:00',
    '06:00',
    '09:00',
    '12:00',
    '15:00',
    '18:00',
    '21:00',
    '10-26',
  ])
  expect(marks('2026-10-24', 'Europe/Brussels', 5, 4)).toEqual(['10-24', '10-25', '10-26', '10-27', '10-28'])
  expect(marks('2026-01-01', 'Europe/Brussels', 12, 300).length).toBeLessThanOrEqual(12)
})

test('hours of delivery are counted within the local day', () => {
  const of = (text: string) => deliveryHour(Date.parse(text), 'Europe/Brussels')
  expect([of('2026-10-24T22:00:00Z'), of('2026-10-25T01:30:00Z'), of('2026-10-25T22:00:00Z')]).toEqual([1, 4, 25])
  expect(of('2026-03-29T21:00:00Z')).toBe(23)
})
