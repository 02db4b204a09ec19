import { expect, test } from 'vitest'
import type { Calendar } from '#sources/calendar.ts'
import { describeCalendar, describeDue, describeSteps, durationWords, keptWords } from './words.ts'

const day = {
  kind: 'days',
  window: 'day',
  zone: 'Europe/Oslo',
  firstDay: '2024-10-30',
  searchFrom: '10:30',
  expected: { expectedBy: '11:00', lateAfterS: 1_800 },
} as const
const planned = { from: '2026-05-01T00:00Z', to: '2026-05-02T00:00Z' }
const closed = { ...planned, why: 'closed', effect: 'not-expected' } as const

test.each<[Calendar, string]>([
  [
    day,
    'each business day of Europe/Oslo since 2024-10-30, looked for from 10:30 of the day before delivery, expected by 11:00 and late 30 min after that',
  ],
  [
    { ...day, searchDaysLater: 1 },
    'each business day of Europe/Oslo since 2024-10-30, looked for from 10:30 of the day of delivery, expected by 11:00 and late 30 min after that',
  ],
  [
    { ...day, searchDaysLater: 2 },
    'each business day of Europe/Oslo since 2024-10-30, looked for from 10:30 of the day after delivery, expected by 11:00 and late 30 min after that',
  ],
  [
    { ...day, searchDaysLater: 4, window: 'hour' },
    'each hour of the business days of Europe/Oslo since 2024-10-30, looked for from 10:30 of the day 3 days after delivery, expected by 11:00 and late 30 min after that',
  ],
  [
    { ...day, window: 'month', searchDaysLater: -20 },
    'each month of Europe/Oslo since 2024-10-30, looked for from 10:30 of the day 21 days before its first day, expected by 11:00 and late 30 min after that',
  ],
  [
    { ...day, window: 'month' },
    'each month of Europe/Oslo since 2024-10-30, looked for from 10:30 of the day before its first day, expected by 11:00 and late 30 min after that',
  ],
  [
    { kind: 'ticks', zone: 'UTC', every: { setting: 'TIDE_SECONDS', defaultS: 60, minIntervalS: 1 } },
    'asked every 1 min (TIDE_SECONDS: 1 s at the least), each answer expected before the next',
  ],
  [
    { ...day, expected: { notKnown: 'nobody has seen it' } },
    'each business day of Europe/Oslo since 2024-10-30, looked for from 10:30 of the day before delivery, never late, because upstream’s time is not known: nobody has seen it',
  ],
  [
    {
      ...day,
      expected: { ...day.expected, exceptions: [{ ...planned, why: 'maintenance', effect: 'later' }, closed] },
    },
    'each business day of Europe/Oslo since 2024-10-30, looked for from 10:30 of the day before delivery, expected by 11:00 and late 30 min after that; what is due from 2026-05-01T00:00Z is due at 2026-05-02T00:00Z (maintenance); nothing is due from 2026-05-01T00:00Z to 2026-05-02T00:00Z (closed)',
  ],
  [
    { kind: 'ticks', zone: 'UTC', every: { setting: 'S', defaultS: 10, minIntervalS: 1 }, exceptions: [closed] },
    'asked every 10 s (S: 1 s at the least), each answer expected before the next; nothing is due from 2026-05-01T00:00Z to 2026-05-02T00:00Z (closed)',
  ],
  [{ kind: 'files', zone: 'UTC' }, 'comes in files, nothing is due'],
])('a calendar in words: %j', (calendar, words) => {
  expect(describeCalendar(calendar)).toBe(words)
})

test('steps: the newest first, each since when; one alone says no date', () => {
  expect(describeSteps([])).toBe('none')
  expect(describeSteps([{ fromMs: 0, stepS: 3_600 }])).toBe('1 h')
  expect(
    describeSteps([
      { fromMs: Date.parse('2022-06-08T22:00:00Z'), stepS: 3_600 },
      { fromMs: Date.parse('2025-09-30T22:00:00Z'), stepS: 900 },
    ]),
  ).toBe('15 min since 2025-09-30 22:00Z, 1 h since 2022-06-08 22:00Z')
})

test('durations in the largest unit that divides them', () => {
  const seconds = [1, 60, 90, 900, 3_600, 5_400, 86_400, 2_592_000]
  expect(seconds.map(durationWords)).toEqual(['1 s', '1 min', '90 s', '15 min', '1 h', '90 min', '1 day', '30 days'])
})

test('how long something is kept', () => {
  expect([null, 1, 30].map(keptWords)).toEqual(['for ever', 'a day', '30 days'])
})

test('what is due, in few letters', () => {
  const ticks = { kind: 'ticks', zone: 'UTC', every: { setting: 'S', defaultS: 10, minIntervalS: 1 } } as const
  const later = [0, 1, 2].map((searchDaysLater) => ({ ...day, searchDaysLater }))
  const calendars: Calendar[] = [...later, { ...day, window: 'hour' }, { ...day, window: 'month' }, ticks]
  expect([...calendars, { kind: 'files', zone: 'UTC' } as const].map(describeDue)).toEqual([
    'daily, 10:30 D-1',
    'daily, 10:30 D',
    'daily, 10:30 D+1',
    'hourly, 10:30 D-1',
    'monthly, 10:30 D-1',
    'every 10 s',
    'files',
  ])
})
