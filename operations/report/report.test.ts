import { expect, test } from 'vitest'
import { businessDay } from '#core/business-day.ts'
import { datasetsByName } from '#core/datasets.ts'
import { gapsOf } from './calendar.ts'
import type { WindowRow } from './facts.ts'
import { type ReportFacts, shapeReport } from './report.ts'

const zone = 'Europe/Brussels'
const atMs = Date.parse('2026-10-27T12:00:00Z')

/** A window of a local day in Brussels. */
function windowOf(day: string, more: Partial<WindowRow>): WindowRow {
  const { startMs, endMs } = businessDay(zone, day).window
  return {
    ...{ selector: null, startMs, endMs, class: 'complete', cause: null, detail: null, sinceMs: null, latenessS: null },
    ...{ expectedByMs: null, lateAfterMs: null, points: 24, expectedPoints: 24, keys: 1, usualKeys: 1 },
    ...{ lastRevisedMs: null, isWatched: true, why: null },
    ...more,
  }
}

function shape(names: string[], windows: Record<string, WindowRow[]>, more: Partial<ReportFacts> = {}) {
  return shapeReport({
    settled: { atMs, basis: 'asked', host: null },
    ...{ from: '2026-10-24', to: '2026-10-28' },
    declared: names.map((name) => datasetsByName.get(name)!),
    windows: new Map(Object.entries(windows)),
    schedules: names.map((dataset) => ({
      ...{ dataset, schedule: 'auto', selectors: [], historyBeginsMs: null, deletedBeforeMs: null },
    })),
    ...{ complete: [], revised: [], sizes: [], flags: [], findings: [], refused: [] },
    ...more,
  })
}

const atc = 'jao.core.atc'

test('each window of the calendar has a row, also those that the store does not know, and a day of 25 hours is one', () => {
  const rows = [
    windowOf('2026-10-24', {}),
    windowOf('2026-10-27', { class: 'late', cause: 'upstream-empty', sinceMs: Date.parse('2026-10-26T10:30:00Z') }),
  ]
  const { report, windows } = shape([atc], { [atc]: rows })
  expect(report.datasets[0]?.calendar.map((day) => [day.day, day.class])).toEqual([
    ['2026-10-24', 'complete'],
    ['2026-10-25', 'not-collected'],
    ['2026-10-26', 'not-collected'],
    ['2026-10-27', 'late'],
    ['2026-10-28', 'not-yet-due'],
  ])
  expect(windows.map(({ startMs }) => new Date(startMs).toISOString())).toEqual([
    '2026-10-23T22:00:00.000Z',
    '2026-10-24T22:00:00.000Z',
    '2026-10-25T23:00:00.000Z',
    '2026-10-26T23:00:00.000Z',
    '2026-10-27T23:00:00.000Z',
  ])
  expect(windows[1]).toMatchObject({ points: null, expectedPoints: null, keys: null, isWatched: false })
  expect(report.datasets[0]?.gaps).toEqual([
    {
      ...{ selector: null, from: '2026-10-24T22:00:00.000Z', to: '2026-10-26T23:00:00.000Z', class: 'not-collected' },
      ...{ cause: null, detail: null, since: null, windows: 2, watched: false },
    },
    {
      ...{ selector: null, from: '2026-10-26T23:00:00.000Z', to: '2026-10-27T23:00:00.000Z', class: 'late' },
      ...{ cause: 'upstream-empty', detail: null, since: '2026-10-26T10:30:00.000Z', windows: 1, watched: true },
    },
  ])
})

test('a window without a row is before history, deleted or unknown where the store says so', () => {
  const endOf = (day: string) => businessDay(zone, day).window.endMs
  const schedule = { dataset: atc, schedule: 'off', selectors: [] }
  const bounds = { historyBeginsMs: endOf('2026-10-24'), deletedBeforeMs: endOf('2026-10-26') }
  const classes = (schedules: ReportFacts['schedules']) =>
    shape([atc], {}, { schedules }).report.datasets[0]?.calendar.map((day) => day.class)
  expect(classes([{ ...schedule, ...bounds }])).toEqual([
    ...['before-history', 'deleted', 'deleted', 'not-collected', 'not-collected'],
  ])
  expect(classes([])).toEqual(Array(5).fill('unknown'))
})

test('of several windows of a day the worst one counts, and each scheduled selector has all windows', () => {
  const name = 'jao-auctions.daily'
  const rows = ['A', 'C'].flatMap((selector) => [
    windowOf('2026-10-24', { selector }),
    windowOf('2026-10-26', { selector, class: selector === 'A' ? 'retracted' : 'partial' }),
  ])
  const schedules = [
    { dataset: name, schedule: 'auto', selectors: ['A', 'B'], historyBeginsMs: null, deletedBeforeMs: null },
  ]
  const { report, windows } = shape([name], { [name]: rows }, { schedules })
  expect(report.datasets[0]?.calendar[0]).toEqual({
    ...{ day: '2026-10-24', class: 'not-collected', windows: { complete: 2, 'not-collected': 1 } },
  })
  expect(report.datasets[0]?.calendar[2]?.class).toBe('partial')
  expect(windows.map(({ selector }) => selector).join('')).toBe('AAAAABBBBBCC')
})

test('hours are windows of their day, and a month covers all of its days', () => {
  const hourly = 'jao.core.finalComputation'
  const dayMs = businessDay(zone, '2026-10-25').window.startMs
  const hours = Array.from({ length: 25 }, (_, hour) => {
    const startMs = dayMs + hour * 3_600_000
    return {
      ...windowOf('2026-10-25', { class: hour === 3 ? 'partial' : 'complete' }),
      startMs,
      endMs: startMs + 3_600_000,
    }
  })
  const monthly = 'jao-auctions.monthly'
  const month = { ...windowOf('2026-10-01', {}), endMs: businessDay(zone, '2026-11-01').window.startMs }
  const { report } = shape([hourly, monthly], { [hourly]: hours, [monthly]: [month] })
  expect(report.datasets[0]?.calendar[1]).toEqual({
    ...{ day: '2026-10-25', class: 'partial', windows: { complete: 24, partial: 1 } },
  })
  expect(report.datasets[1]?.calendar.map((day) => day.class)).toEqual(Array(5).fill('complete'))
})

test('late and partial windows are an alarm if they are watched; of ticks, more than 1 % of the last 24 hours', () => {
  const kraken = 'kraken.ticker'
  const hour = (hoursAgo: number, points: number): WindowRow => {
    const startMs = atMs - hoursAgo * 3_600_000
    const found = { class: points < 100 ? ('lost' as const) : ('complete' as const), points, expectedPoints: 100 }
    return { ...windowOf('2026-10-27', found), startMs, endMs: startMs + 3_600_000 }
  }
  const late = { class: 'late' as const }
  const alarms = (rows: Record<string, WindowRow[]>) => shape([atc, kraken], rows).report.alarms
  expect(alarms({ [atc]: [windowOf('2026-10-27', { ...late, isWatched: false })] })).toEqual([])
  expect(alarms({ [atc]: [windowOf('2026-10-26', late), windowOf('2026-10-27', { class: 'partial' })] })).toEqual([
    { dataset: atc, what: 'late', count: 1 },
    { dataset: atc, what: 'partial', count: 1 },
  ])
  // 2 of 200 are 1 %. What was lost two days ago does not count.
  expect(alarms({ [kraken]: [hour(48, 0), hour(3, 98), hour(2, 100)] })).toEqual([])
  expect(alarms({ [kraken]: [hour(3, 97), hour(2, 100)] })).toEqual([{ dataset: kraken, what: 'ticks-lost', count: 3 }])
})

test('gaps end where the class, the cause or the selector changes, or where windows do not adjoin', () => {
  const late = (day: string, more: Partial<WindowRow> = {}) =>
    windowOf(day, { class: 'late', cause: 'ours-lag', ...more })
  const rows = [
    late('2026-10-01'),
    late('2026-10-02', { sinceMs: 5, detail: 'b' }),
    late('2026-10-03', { cause: 'upstream-empty' }),
    windowOf('2026-10-04', {}),
    late('2026-10-05'),
    late('2026-10-07'),
    late('2026-10-08', { selector: 'A' }),
  ]
  expect(gapsOf(rows).map(({ windows, since, detail }) => [windows, since, detail])).toEqual([
    [2, '1970-01-01T00:00:00.005Z', 'b'],
    ...Array(4).fill([1, null, null]),
  ])
})
