import { expect, test } from 'vitest'
import type { DatasetSchedule } from '#schemas/generated/records.ts'
import type { Dataset } from '#sources/source.ts'
import {
  type Declared,
  expectedWindow,
  expectedWindows,
  newExpectations,
  newSchedules,
  schedulesOf,
} from './expected-windows.ts'
import type { Host } from './hosts.ts'

const calendar = {
  kind: 'days',
  window: 'day',
  zone: 'Europe/Brussels',
  firstDay: '2022-06-09',
  searchFrom: '09:00',
  expected: { expectedBy: '11:00', lateAfterS: 1_800 },
} as const
const steps = [
  { fromMs: Date.parse('2022-06-08T22:00:00Z'), stepS: 3_600 },
  { fromMs: Date.parse('2026-06-30T22:00:00Z'), stepS: 900 },
]
const daily = {
  dataset: { name: 'jao.core.x', calendar, steps } as unknown as Dataset,
  selectors: [null],
  schedule: 'auto',
  intervalMs: null,
} as const
const ticks = {
  dataset: { name: 'k.t', calendar: { kind: 'ticks', zone: 'UTC' }, steps: [] } as unknown as Dataset,
  selectors: ['A', 'B'],
  schedule: 'auto',
  intervalMs: 10_000,
} as const
const at = (text: string): number => Date.parse(`2026-${text}Z`)
const times = ({ windowStart, windowEnd, expectedBy, lateAfter, steps: count }: Declared) =>
  [windowStart, windowEnd, expectedBy, lateAfter]
    .map((ms) => ms && new Date(ms).toISOString().slice(5, 16))
    .concat([`${count}`])

test('windows are expected from today to the day after tomorrow, across a change of clocks, in the steps of their day', () => {
  expect(expectedWindows(daily, at('03-28T09:00:00')).map(times)).toEqual([
    // Today's was due yesterday at 11:00. Nobody watched it then, so it is late half an hour from now.
    ['03-27T23:00', '03-28T23:00', '03-27T10:00', '03-28T09:30', '24'],
    ['03-28T23:00', '03-29T22:00', '03-28T10:00', '03-28T10:30', '23'],
    ['03-29T22:00', '03-30T22:00', '03-29T09:00', '03-29T09:30', '24'],
  ])
  expect(
    expectedWindows(daily, at('07-01T09:00:00'))
      .map(times)
      .map((row) => row.at(-1)),
  ).toEqual(['96', '96', '96'])
  expect(expectedWindows({ ...daily, schedule: 'on-demand' }, at('03-28T09:00:00'))).toEqual([])
})

test('ticks are expected from now on, an interval a day of UTC and selector', () => {
  const found = expectedWindows(ticks, at('03-28T09:00:05'))
  expect(found.map(({ requestIdentity }) => requestIdentity)).toEqual([
    'k.t/A',
    'k.t/A',
    'k.t/A',
    'k.t/B',
    'k.t/B',
    'k.t/B',
  ])
  expect(found.slice(0, 2).map(times)).toEqual([
    ['03-28T09:00', '03-29T00:00', null, null, '5399'],
    ['03-29T00:00', '03-30T00:00', null, null, '8640'],
  ])
  expect(found[0]?.windowStart).toBe(at('03-28T09:00:10'))
})

test('what is known is not declared again, and a window that is due keeps what was declared', () => {
  const nowMs = at('03-28T09:00:00')
  const known = expectedWindows(daily, nowMs)
  expect(newExpectations([], known, nowMs)).toEqual(
    known.map((row) => ({ ...row, declaredAt: nowMs, backdated: false })),
  )
  expect(newExpectations(known, expectedWindows(daily, nowMs + 60_000), nowMs + 60_000)).toEqual([])
  const later = { ...calendar, expected: { ...calendar.expected, expectedBy: '12:00' } }
  const changed = { ...daily, dataset: { ...daily.dataset, calendar: later } as unknown as Dataset }
  expect(newExpectations(known, expectedWindows(changed, nowMs), nowMs).map(times)).toEqual([
    ['03-28T23:00', '03-29T22:00', '03-28T11:00', '03-28T11:30', '23'],
    ['03-29T22:00', '03-30T22:00', '03-29T10:00', '03-29T10:30', '24'],
  ])
})

test('an interval of ticks goes on, or ends where its dataset is asked otherwise', () => {
  const nowMs = at('03-28T09:00:05')
  const known = expectedWindows(ticks, nowMs)
  const laterMs = at('03-28T12:00:05')
  expect(newExpectations(known, expectedWindows(ticks, laterMs), laterMs)).toEqual([])
  const midnightMs = at('03-28T23:59:35')
  expect(newExpectations(known, expectedWindows(ticks, midnightMs), midnightMs)).toEqual([])
  const fewer = { ...ticks, selectors: ['A'] }
  expect(
    newExpectations(known, expectedWindows(fewer, laterMs), laterMs).map((row) => [row.requestIdentity, ...times(row)]),
  ).toEqual([
    ['k.t/B', '03-28T09:00', '03-28T12:00', null, null, '1080'],
    ['k.t/B', '03-29T00:00', '03-29T00:00', null, null, '0'],
    ['k.t/B', '03-30T00:00', '03-30T00:00', null, null, '0'],
  ])
  const slower = { ...fewer, intervalMs: 60_000 }
  const kept = known.filter(({ selector }) => selector === 'A')
  expect(
    newExpectations(kept, expectedWindows(slower, laterMs), laterMs).map((row) => [row.everyS, ...times(row)]),
  ).toEqual([
    [10, '03-28T09:00', '03-28T12:00', null, null, '1080'],
    [10, '03-29T00:00', '03-29T00:00', null, null, '0'],
    [10, '03-30T00:00', '03-30T00:00', null, null, '0'],
    [60, '03-28T12:02', '03-29T00:00', null, null, '718'],
    [60, '03-29T00:00', '03-30T00:00', null, null, '1440'],
    [60, '03-30T00:00', '03-31T00:00', null, null, '1440'],
  ])
  const off = { ...ticks, schedule: 'off' } as const
  expect(newExpectations(known, expectedWindows(off, laterMs), laterMs)).toHaveLength(6)
})

test('a new interval begins a minute after its declaration, so that a new stack loses no tick while its poller starts', () => {
  const nowMs = at('03-28T09:00:05')
  const begun = newExpectations([], expectedWindows(ticks, nowMs), nowMs)
  expect(begun.filter(({ selector }) => selector === 'A').map(times)).toEqual([
    ['03-28T09:01', '03-29T00:00', null, null, '5393'],
    ['03-29T00:00', '03-30T00:00', null, null, '8640'],
    ['03-30T00:00', '03-31T00:00', null, null, '8640'],
  ])
  expect(begun[0]?.windowStart).toBe(at('03-28T09:01:10'))
  for (const laterMs of [nowMs, nowMs + 15_000, nowMs + 75_000])
    expect(newExpectations(begun, expectedWindows(ticks, laterMs), laterMs)).toEqual([])
  const midnightMs = at('03-28T23:59:35')
  const beforeMidnight = newExpectations([], expectedWindows(ticks, midnightMs), midnightMs)
  expect(beforeMidnight.map(({ steps }) => steps)).toEqual([8636, 8640, 8636, 8640])
})

test('a window that was asked for after it was due is late after its grace', () => {
  const window = { startMs: at('01-01T23:00:00'), endMs: at('01-02T23:00:00') }
  const late = expectedWindow(daily, calendar, '2026-01-02', window, null, at('05-01T00:00:00'))
  expect(times(late)).toEqual(['01-01T23:00', '01-02T23:00', '01-01T10:00', '05-01T00:30', '24'])
})

test('a schedule is written when it says something else', () => {
  const schedule = {
    dataset: 'a',
    at: 1,
    schedule: 'auto',
    because: 'declaration',
    by: 'x',
    selectors: ['A'],
  } as DatasetSchedule
  const known = new Map([['a', schedule]])
  expect(newSchedules(known, [{ ...schedule, at: 2, by: 'y' }])).toEqual([])
  expect(newSchedules(known, [{ ...schedule, selectors: ['A', 'B'] }])).toHaveLength(1)
  expect(newSchedules(new Map(), [schedule])).toHaveLength(1)
})

test('a schedule says whether the keys of the dataset vary, also while it is off', () => {
  const varying = { ...daily.dataset, name: 'jao.core.y', keysVary: 'as they like' }
  const host = {
    name: 'h',
    datasets: [daily, { ...daily, dataset: varying }],
    off: [daily.dataset, varying].map((dataset) => ({ dataset, schedule: 'off', because: 'declaration' })),
  } as unknown as Host
  const schedules = schedulesOf([host], () => 'declaration', 'x', 1)
  expect(schedules.map(({ dataset, keysVary }) => [dataset, keysVary])).toEqual([
    ['jao.core.x', false],
    ['jao.core.y', true],
    ['jao.core.x', false],
    ['jao.core.y', true],
  ])
})
