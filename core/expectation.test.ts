import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { firstPublicationMs } from '#simulator/jao/calendar.ts'
import { jaoDatasets } from '#simulator/jao/datasets.ts'
import type { BusinessDays, PlannedException, Ticks } from '#sources/calendar.ts'
import { csvRows, recordedFile } from '../test/support/recorded-file.ts'
import { businessDay, dayAt, type Window } from './business-day.ts'
import { datasetsByName } from './datasets.ts'
import { expectationOf, tickExpectation } from './expectation.ts'
import { windowsBetween, windowsOn } from './windows.ts'

const deadline = { expectedBy: '11:00', lateAfterS: 1_800 }
const daily: BusinessDays = {
  ...{ kind: 'days', window: 'day', zone: 'Europe/Brussels', firstDay: '2019-01-01', searchFrom: '00:00' },
  expected: deadline,
}
const hourly: BusinessDays = { ...daily, window: 'hour' }
const monthly: BusinessDays = { ...daily, window: 'month' }
const at = (expectedBy: string, more: Partial<BusinessDays> = {}): BusinessDays => {
  return { ...daily, expected: { ...deadline, expectedBy }, ...more }
}
const planned = (...exceptions: PlannedException[]): BusinessDays => ({
  ...daily,
  expected: { ...deadline, exceptions },
})
const maintenance = (from: string, to: string) => ({ from, to, why: 'maintenance', effect: 'later' as const })
const holiday = (from: string, to: string) => ({ from, to, why: 'a holiday', effect: 'not-expected' as const })

/** Returns the deadlines of the windows of a day, and from when on each is late; of other windows their state. */
const expectationsOn = (calendar: BusinessDays, day: string): string[] =>
  windowsOn(calendar, day).map((window) => {
    const expectation = expectationOf(calendar, day, window)
    if (expectation.state !== 'expected') return `${expectation.state}: ${expectation.why}`
    return [expectation.expectedByMs, expectation.lateAfterMs]
      .map((ms) => new Date(ms).toISOString().slice(0, 16))
      .join(' ')
  })

/** Returns the deadline of a window, ms UTC. NaN if it has none. */
function expectedMs(calendar: BusinessDays, day: string, window: Window): number {
  const expectation = expectationOf(calendar, day, window)
  return expectation.state === 'expected' ? expectation.expectedByMs : Number.NaN
}

describe('a deadline', () => {
  test.each<[what: string, BusinessDays, day: string, deadlineAndLate: string]>([
    ['lies on the day before the window', daily, '2026-04-21', '2026-04-20T09:00 2026-04-20T09:30'],
    ['is local: the day before 23 hours, in winter time', daily, '2026-03-29', '2026-03-28T10:00 2026-03-28T10:30'],
    ['is local: on the day of 23 hours, in summer time', daily, '2026-03-30', '2026-03-29T09:00 2026-03-29T09:30'],
    ['is local: the day before 25 hours, in summer time', daily, '2026-10-25', '2026-10-24T09:00 2026-10-24T09:30'],
    ['is local: on the day of 25 hours, in winter time', daily, '2026-10-26', '2026-10-25T10:00 2026-10-25T10:30'],
    ['leaves out the hour that does not exist', at('02:30'), '2026-03-30', '2026-03-29T01:30 2026-03-29T02:00'],
    ['is the second of two equal times', at('02:30'), '2026-10-26', '2026-10-25T01:30 2026-10-25T02:00'],
    ['moves with the search', at('11:00', { searchDaysLater: 2 }), '2026-04-21', '2026-04-22T09:00 2026-04-22T09:30'],
    ['of a month precedes it', monthly, '2026-04-01', '2026-03-31T09:00 2026-03-31T09:30'],
    ['may lie weeks before', { ...monthly, searchDaysLater: -20 }, '2026-04-01', '2026-03-11T10:00 2026-03-11T10:30'],
  ])('%s', (_what, calendar, day, deadlineAndLate) => {
    expect(expectationsOn(calendar, day)).toEqual([deadlineAndLate])
  })

  test('is one for each hour: 25 hours of a day of 25 hours, 23 of 23', () => {
    expect(expectationsOn(hourly, '2026-10-25')).toEqual(new Array(25).fill('2026-10-24T09:00 2026-10-24T09:30'))
    expect(expectationsOn(hourly, '2026-03-29')).toEqual(new Array(23).fill('2026-03-28T10:00 2026-03-28T10:30'))
  })

  // Intl is a second model of the time zones. Both zones leave out and repeat 02:00 to 03:00.
  test.each(['Europe/Brussels', 'America/New_York'])('in %s is later each day of 2019 to 2030, at its time', (zone) => {
    const local = new Intl.DateTimeFormat('sv', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' })
    const windows = windowsBetween({ window: 'day', zone }, '2019-01-01', '2030-12-31')
    const hours = windows.map(({ window }) => (window.endMs - window.startMs) / 3_600_000)
    expect([23, 24, 25].map((length) => hours.filter((each) => each === length).length)).toEqual([12, 4_359, 12])
    for (const expectedBy of ['02:30', '23:59']) {
      const calendar = at(expectedBy, { zone })
      const deadlines = windows.map(({ day, window }) => expectedMs(calendar, day, window))
      expect(deadlines.filter((ms, index) => index > 0 && !(ms > deadlines[index - 1]!))).toEqual([])
      const wanted = windows.map(
        ({ window }) => `${local.format(window.startMs - 12 * 3_600_000).slice(0, 10)} ${expectedBy}`,
      )
      const moved = deadlines.map((ms) => local.format(ms)).filter((shown, index) => shown !== wanted[index])
      expect(moved.map((shown) => shown.slice(11))).toEqual(expectedBy === '02:30' ? new Array(12).fill('03:30') : [])
    }
  })
})

describe('what is not expected at a time', () => {
  test('a window whose time upstream does not say', () => {
    const unknown = { ...daily, expected: { notKnown: 'nobody has seen it' } }
    expect(expectationsOn(unknown, '2026-04-21')).toEqual(['not-known: nobody has seen it'])
  })

  test('a window that begins on a holiday; the first instant belongs to it, the last does not', () => {
    const calendar = planned(holiday('2026-05-01T00:00:00+02:00', '2026-05-02T22:00:00Z'))
    expect(
      ['2026-04-30', '2026-05-01', '2026-05-02', '2026-05-03'].flatMap((day) => expectationsOn(calendar, day)),
    ).toEqual([
      '2026-04-29T09:00 2026-04-29T09:30',
      'not-expected: a holiday',
      'not-expected: a holiday',
      '2026-05-02T09:00 2026-05-02T09:30',
    ])
  })
})

describe('maintenance', () => {
  test.each<[what: string, exceptions: PlannedException[], deadlineAndLate: string]>([
    [
      'puts a deadline off to its end, and the grace follows',
      [maintenance('2026-04-20T08:00Z', '2026-04-20T12:15Z')],
      '2026-04-20T12:15 2026-04-20T12:45',
    ],
    [
      'that begins at the deadline puts it off',
      [maintenance('2026-04-20T11:00+02:00', '2026-04-20T12:00Z')],
      '2026-04-20T12:00 2026-04-20T12:30',
    ],
    [
      'that ends at the deadline changes nothing',
      [maintenance('2026-04-20T08:00Z', '2026-04-20T09:00Z')],
      '2026-04-20T09:00 2026-04-20T09:30',
    ],
    [
      'that begins after the deadline changes nothing',
      [maintenance('2026-04-20T09:01Z', '2026-04-20T12:00Z')],
      '2026-04-20T09:00 2026-04-20T09:30',
    ],
    [
      'that goes on puts it off again, in whatever order both are declared',
      [maintenance('2026-04-20T12:00Z', '2026-04-20T14:00Z'), maintenance('2026-04-20T08:00Z', '2026-04-20T12:00Z')],
      '2026-04-20T14:00 2026-04-20T14:30',
    ],
  ])('%s', (_what, exceptions, deadlineAndLate) => {
    expect(expectationsOn(planned(...exceptions), '2026-04-21')).toEqual([deadlineAndLate])
  })
})

describe('ticks', () => {
  const ticks: Ticks = { kind: 'ticks', zone: 'UTC', every: { setting: 'S', defaultS: 10, minIntervalS: 1 } }
  const noon = Date.parse('2026-04-20T12:00:00Z')
  const seconds = (calendar: Ticks, fromS: number, toS: number, everyS = 10) =>
    tickExpectation(calendar, everyS, noon + fromS * 1_000, noon + toS * 1_000).map((found) => {
      return [(found.fromMs - noon) / 1_000, found.everyS, (found.untilMs - noon) / 1_000]
    })

  test('are expected from the first tick in the span to the tick that follows the last one', () => {
    expect(seconds(ticks, 0, 60)).toEqual([[0, 10, 60]])
    expect(seconds(ticks, 1, 51)).toEqual([[10, 10, 60]])
    expect(seconds(ticks, 1, 10)).toEqual([])
    expect(seconds(ticks, 60, 0)).toEqual([])
    expect(() => seconds(ticks, 0, 60, 0)).toThrow(RangeError)
  })

  test('are not expected in an exception', () => {
    const calendar = { ...ticks, exceptions: [holiday('2026-04-20T12:00:15Z', '2026-04-20T12:00:40Z')] }
    expect(seconds(calendar, 0, 60)).toEqual([
      [0, 10, 20],
      [40, 10, 60],
    ])
    const between = { ...ticks, exceptions: [holiday('2026-04-20T12:00:11Z', '2026-04-20T12:00:19Z')] }
    expect(seconds(between, 0, 60)).toEqual([[0, 10, 60]])
  })

  test('each tick is in one interval, unless it begins in an exception', () => {
    const second = fc.integer({ min: -20, max: 120 })
    const exception = fc.tuple(second, fc.integer({ min: 1, max: 50 })).map(([from, length]) => {
      return holiday(
        new Date(noon + from * 1_000).toISOString(),
        new Date(noon + (from + length) * 1_000).toISOString(),
      )
    })
    fc.assert(
      fc.property(
        fc.array(exception, { maxLength: 4 }),
        fc.integer({ min: 1, max: 17 }),
        second,
        second,
        (exceptions, everyS, fromS, toS) => {
          const isFree = (ms: number) =>
            exceptions.every(({ from, to }) => ms < Date.parse(from) || ms >= Date.parse(to))
          const wanted: number[] = []
          for (let ms = noon + fromS * 1_000; ms < noon + toS * 1_000; ms += 1_000)
            if (ms % (everyS * 1_000) === 0 && isFree(ms)) wanted.push(ms)
          const found = tickExpectation({ ...ticks, exceptions }, everyS, noon + fromS * 1_000, noon + toS * 1_000)
          expect(found.flatMap(({ fromMs, untilMs }) => multiples(fromMs, untilMs, everyS * 1_000))).toEqual(wanted)
          found.slice(1).forEach(({ fromMs }, index) => void expect(fromMs).toBeGreaterThan(found[index]!.untilMs))
        },
      ),
    )
  })
})

describe('declared deadlines', () => {
  const declared = (name: string): BusinessDays => {
    const calendar = datasetsByName.get(name)?.dataset.calendar
    if (calendar?.kind !== 'days' || 'notKnown' in calendar.expected) throw new Error(`${name} has no deadline`)
    return calendar
  }
  test('come after every time at which the Nordic day was recorded to be published', () => {
    const file = recordedFile('jao/nordic_max_exchanges_2024-11.csv')
    if (file === undefined) return
    const calendar = declared('jao.nordic.maxExchanges')
    const published = new Map(
      csvRows(file).map(({ dateTimeUtc = '', lastModifiedOn }) => {
        return [dayAt(calendar.zone, Date.parse(dateTimeUtc)), Date.parse(`${lastModifiedOn}Z`)]
      }),
    )
    expect(published.size).toBe(32)
    for (const [day, ms] of published)
      expect(ms, day).toBeLessThan(expectedMs(calendar, day, businessDay(calendar.zone, day).window))
  })

  test.each([
    ...['core.maxExchanges', 'core.netPos', 'core.atc', 'core.shadowAuctionATC', 'core.scheduledExchanges'],
    ...['nordic.maxExchanges', 'nordic.maxBorderFlow'],
  ])('%s comes after every simulated publication of 2026, and within a quarter of a day of it', (name) => {
    const calendar = declared(`jao.${name}`)
    const due = jaoDatasets.find((dataset) => dataset.name === name)!.due
    const early = windowsBetween(calendar, '2026-01-01', '2026-12-31').map(({ day, window }) => {
      return expectedMs(calendar, day, window) - firstPublicationMs(1, day, due)
    })
    expect(early).toHaveLength(365)
    expect(Math.min(...early)).toBeGreaterThan(0)
    expect(Math.max(...early)).toBeLessThan(6 * 3_600_000)
  })
})

const multiples = (fromMs: number, untilMs: number, everyMs: number): number[] =>
  Array.from({ length: (untilMs - fromMs) / everyMs }, (_, index) => fromMs + index * everyMs)
