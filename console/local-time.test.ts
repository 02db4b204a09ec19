import { expect, test } from 'vitest'
import {
  agoText,
  clockMs,
  dayAt,
  dayStart,
  hoursBetween,
  hoursOfDay,
  isSecondHour,
  minuteText,
  secondText,
  timeText,
  withoutDay,
} from './local-time.ts'

const brussels = 'Europe/Brussels'
const at = (text: string) => Date.parse(text)

test('days have 23, 24 or 25 hours, and begin where the zone says', () => {
  expect(['2026-03-29', '2026-10-25', '2026-11-20'].map((day) => hoursOfDay(day, brussels))).toEqual([23, 25, 24])
  expect(['2026-03-08', '2026-11-01'].map((day) => hoursOfDay(day, 'America/New_York'))).toEqual([23, 25])
  expect(new Date(dayStart('2026-10-25', brussels)).toISOString()).toBe('2026-10-24T22:00:00.000Z')
  expect(new Date(dayStart('2026-10-26', brussels)).toISOString()).toBe('2026-10-25T23:00:00.000Z')
  expect(new Date(dayStart('2026-07-01', 'Pacific/Kiritimati')).toISOString()).toBe('2026-06-30T10:00:00.000Z')
  expect(dayAt(at('2026-11-19T23:00:00Z'), brussels)).toBe('2026-11-20')
})

test('starts of days agree with Temporal in many zones, for every day of two years', () => {
  for (const zone of [
    brussels,
    'UTC',
    'America/New_York',
    'Asia/Kolkata',
    'Australia/Lord_Howe',
    'America/Santiago',
    'America/Havana',
  ])
    for (let day = Temporal.PlainDate.from('2026-01-01'); day.year < 2028; day = day.add({ days: 1 }))
      expect(dayStart(day.toString(), zone), `${day} ${zone}`).toBe(
        day.toZonedDateTime({ timeZone: zone }).epochMilliseconds,
      )
})

test('the hour that occurs twice has a letter, and the one that does not occur is not there', () => {
  const hours = (day: string, next: string) =>
    hoursBetween(dayStart(day, brussels), dayStart(next, brussels)).map((ms) => timeText(ms, brussels))
  expect(hours('2026-10-25', '2026-10-26').slice(0, 5)).toEqual(['00:00', '01:00', '02:00', '02:00B', '03:00'])
  expect(hours('2026-03-29', '2026-03-30').slice(0, 4)).toEqual(['00:00', '01:00', '03:00', '04:00'])
  expect(isSecondHour(at('2026-10-25T01:30:00Z'), brussels)).toBe(true)
  const lordHowe = ['14:30', '14:45', '15:00', '15:15', '15:30'].map((time) =>
    timeText(at(`2026-04-04T${time}:00Z`), 'Australia/Lord_Howe'),
  )
  expect(lordHowe).toEqual(['01:30', '01:45', '01:30B', '01:45B', '02:00'])
  expect(minuteText(at('2026-10-25T00:30:00Z'), brussels)).toBe('2026-10-25 02:30')
  expect(clockMs(at('2026-11-20T00:00:00.250Z'), brussels)).toBe(at('2026-11-20T01:00:00.250Z'))
})

test('an instant has no date on a day that is named already', () => {
  const text = secondText(at('2026-11-26T23:30:05Z'), brussels)
  expect(withoutDay(text, at('2026-11-27T12:00:00Z'), brussels)).toBe('00:30:05')
  expect(withoutDay(text, at('2026-11-26T12:00:00Z'), brussels)).toBe('2026-11-27 00:30:05')
})

test('how long ago is said in one unit', () => {
  const now = at('2026-11-20T12:00:00Z')
  expect([now - 5_000, now - 180_000, now + 7_200_000, now - 4 * 86_400_000].map((ms) => agoText(ms, now))).toEqual([
    '5 s ago',
    '3 min ago',
    'in 2 h',
    '4 d ago',
  ])
})
