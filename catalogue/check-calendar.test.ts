import { expect, test } from 'vitest'
import type { Calendar } from '#sources/calendar.ts'
import { calendarProblems } from './check-calendar.ts'

const days = { kind: 'days', window: 'day', zone: 'Europe/Brussels', firstDay: '2020-01-01', searchFrom: '09:00' }
const expected = { expectedBy: '11:00', lateAfterS: 1_800 }
const ticks = { kind: 'ticks', zone: 'UTC', every: { setting: 'TIDES_S', defaultS: 10, minIntervalS: 1 } }
const holiday = { from: '2026-05-01T00:00+02:00', to: '2026-05-02T00:00+02:00', why: 'a holiday', effect: 'later' }

/** The calendars are those of a source in JavaScript: no type says what it may declare. */
const problems = (calendar: object): string[] => calendarProblems(calendar as Calendar)
const ofExpected = (change: object): string[] => problems({ ...days, expected: { ...expected, ...change } })
const ofException = (change: object): string[] => ofExpected({ exceptions: [{ ...holiday, ...change }] })

test('a deadline, exceptions, or a reason why the time of upstream is not known', () => {
  const exceptions = [holiday, { ...holiday, effect: 'not-expected' }]
  expect(ofExpected({ exceptions })).toEqual([])
  expect(ofExpected({ expectedBy: '09:00', lateAfterS: 0.5 })).toEqual([])
  expect(problems({ ...days, searchDaysLater: -20, expected: { notKnown: 'never seen' } })).toEqual([])
  expect(problems({ ...ticks, exceptions: exceptions.slice(1) })).toEqual([])
  expect(problems({ kind: 'files', zone: 'UTC' })).toEqual([])
})

test.each([
  ['nothing', days],
  ['null', { ...days, expected: null }],
  ['an empty object', { ...days, expected: {} }],
  ['nothing, of another kind, which is polled like days', { ...days, kind: 'daily' }],
])('%s in place of a deadline is refused', (_what, calendar) => {
  expect(problems(calendar)).toEqual([
    'its calendar does not say by when a window is expected: declare expected, with expectedBy and lateAfterS, or with notKnown and the reason.',
  ])
})

test.each([
  [{ expectedBy: '9:00' }, 'expected.expectedBy is 9:00: want a local time HH:MM.'],
  [{ expectedBy: '24:00' }, 'expected.expectedBy is 24:00: want a local time HH:MM.'],
  [{ expectedBy: 11 }, 'expected.expectedBy is 11: want a local time HH:MM.'],
  [{ expectedBy: '08:59' }, 'expected.expectedBy is 08:59, but searchFrom is 09:00: want 09:00 or later.'],
  [{ lateAfterS: 0 }, 'expected.lateAfterS is 0: want seconds above 0.'],
  [{ lateAfterS: Infinity }, 'expected.lateAfterS is Infinity: want seconds above 0.'],
  [{ lateAfterS: '1800 s' }, 'expected.lateAfterS is 1800 s: want seconds above 0.'],
  [{ lateAfterS: undefined }, 'expected.lateAfterS is undefined: want seconds above 0.'],
  [{ notKnown: 'x' }, 'expected has notKnown, so nothing is late: leave out expectedBy, lateAfterS and exceptions.'],
  [{ exceptions: holiday }, 'the exceptions of its calendar must be a list.'],
])('a deadline with %j is refused', (change, sentence) => {
  expect(ofExpected(change)).toEqual([sentence])
})

const sentenceOf = ({ from, to }: typeof holiday, problem: string) =>
  `the exception of its calendar from ${from} to ${to}: ${problem}`

test.each([
  [{ why: ' ' }, 'why must say what is planned.'],
  [{ effect: 'quiet' }, 'its effect is quiet: want later or not-expected.'],
  [{ to: '2026-04-30T22:00Z' }, 'want the earlier instant as from.'],
  [{ from: '2026-05-01T00:00' }, 'want ISO 8601 instants with Z or an offset.'],
  [{ to: '2026-06-31T00:00Z' }, 'want ISO 8601 instants with Z or an offset.'],
])('an exception with %j is refused', (change, problem) => {
  expect(ofException(change)).toEqual([sentenceOf({ ...holiday, ...change }, problem)])
})

test('an exception of ticks cannot be later, and what is not an exception is refused', () => {
  expect(problems({ ...ticks, exceptions: [holiday] })).toEqual([
    sentenceOf(holiday, 'its effect is later: want not-expected, because a missed tick is lost.'),
  ])
  expect(ofExpected({ exceptions: [null] })).toHaveLength(3)
})

test.each([
  [{ expected: { notKnown: ' ' } }, 'expected.notKnown must say why upstream’s time is not known.'],
  [{ zone: 'Europe/Bruges' }, '"Europe/Bruges" is not a time zone: want an IANA name.'],
  [{ firstDay: '2020-02-30' }, 'firstDay is 2020-02-30: want YYYY-MM-DD.'],
  [{ searchFrom: '9:00' }, 'searchFrom is 9:00: want a local time HH:MM.'],
  [{ searchDaysLater: 0.5 }, 'searchDaysLater is 0.5: want a whole number of days.'],
])('a calendar with %j is refused', (change, sentence) => {
  expect(problems({ ...days, expected, ...change })).toEqual([sentence])
})
