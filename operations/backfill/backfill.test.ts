import { describe, expect, test } from 'vitest'
import { noMemory } from '#core/poll-memory.ts'
import type { Poll } from '#schemas/generated/records.ts'
import type { Dataset } from '#sources/source.ts'
import { reportOf } from './report.ts'
import { backfillWindows } from './windows.ts'

const dataset = {
  name: 'a.b.c',
  calendar: { kind: 'days', window: 'day', zone: 'Europe/Brussels', firstDay: '2022-06-09', searchFrom: '09:00' },
} as Dataset
const now = Date.parse('2026-04-20T22:30:00Z')

describe('the days asked for', () => {
  const days = (from: string, to: string) => backfillWindows(dataset, [null], from, to, now).map(({ name }) => name)
  test('are those of the dataset’s zone, both ends included', () => {
    expect(days('2026-03-28', '2026-03-30')).toEqual(['2026-03-28', '2026-03-29', '2026-03-30'])
    const [short] = backfillWindows(dataset, [null], '2026-03-29', '2026-03-29', now)
    expect((short!.window.endMs - short!.window.startMs) / 3_600_000).toBe(23)
  })
  test('reach from upstream’s first day to tomorrow, which is local', () => {
    expect(days('2022-06-09', '2022-06-09')).toEqual(['2022-06-09'])
    expect(days('2026-04-22', '2026-04-22')).toEqual(['2026-04-22'])
    expect(() => days('2022-06-08', '2022-06-09')).toThrow('--from 2022-06-08 is before 2022-06-09')
    expect(() => days('2026-04-20', '2026-04-23')).toThrow(
      '--to 2026-04-23 is after 2026-04-22, tomorrow in Europe/Brussels',
    )
  })
  test('must be days, in their order', () => {
    expect(() => days('2026-04-20', '2026-04-19')).toThrow('the first day comes first')
    for (const text of ['2026-02-30', '2026-4-2', 'today', '', '2026-04-20T00:00:00Z', '2026-13-01']) {
      expect(() => days(text, '2026-04-20'), text).toThrow('is not a day')
    }
  })
})

describe('windows of other kinds', () => {
  const names = (over: object, selectors: (string | null)[], from: string, to: string) => {
    const calendar = { ...dataset.calendar, ...over }
    return backfillWindows({ ...dataset, calendar } as Dataset, selectors, from, to, now).map(({ name }) => name)
  }
  test('are named so that people can tell them apart: selectors, months, and the hours of the long day', () => {
    expect(names({}, ['A', 'B'], '2026-04-01', '2026-04-02')).toEqual([
      '2026-04-01 A',
      '2026-04-01 B',
      '2026-04-02 A',
      '2026-04-02 B',
    ])
    expect(names({ window: 'month' }, [null], '2026-01-15', '2026-03-01')).toEqual(['2026-01', '2026-02', '2026-03'])
    const long = names({ window: 'hour' }, [null], '2025-10-26', '2025-10-26')
    expect([long.length, long[0], long[2], long[3]]).toEqual([
      25,
      '2025-10-26 00:00+02:00',
      '2025-10-26 02:00+02:00',
      '2025-10-26 02:00+01:00',
    ])
  })
  test('can be asked for as long before they begin as they are looked for', () => {
    const monthly = { window: 'month', searchDaysLater: -20 }
    // It is 21 April in Brussels: 12 May is 21 days from then.
    expect(names(monthly, [null], '2026-05-01', '2026-05-31')).toEqual(['2026-05'])
    expect(() => names(monthly, [null], '2026-06-01', '2026-06-30')).toThrow(
      '--to 2026-06-30 is after 2026-05-12, 21 days from now',
    )
    expect(() => names({ window: 'month' }, [null], '2026-05-01', '2026-05-31')).toThrow('after 2026-04-22, tomorrow')
  })
  test('that cannot be asked for are refused with what to do instead', () => {
    expect(() => names({ kind: 'ticks' }, [null], '2026-04-01', '2026-04-01')).toThrow('of the instant of asking')
    expect(() => names({ kind: 'files' }, [null], '2026-04-01', '2026-04-01')).toThrow('npx tidemark ingest')
  })
})

describe('the report', () => {
  const poll = (outcome: string, completeness: string | null, error: string | null = null) =>
    ({ outcome, error, memory: { completeness } }) as Poll
  const report = reportOf('a.b.c', { from: '2026-04-01', to: '2026-04-07' }, [
    { day: '2026-04-01', poll: poll('changed', 'complete') },
    { day: '2026-04-02', poll: poll('unchanged', 'partial') },
    { day: '2026-04-03', poll: poll('empty', 'empty') },
    { day: '2026-04-04', poll: poll('emptied', 'empty') },
    { day: '2026-04-05', poll: poll('failed', 'partial', 'HTTP 503') },
    { day: '2026-04-06', poll: poll('refused', 'refused', 'upstream refused the request') },
    { day: '2026-04-07', poll: poll('changed', 'complete'), refusal: 'schema: data[0].x is no number' },
  ])
  test('names what is missing, and tells it from what could not be fetched', () => {
    expect(report).toEqual({
      dataset: 'a.b.c',
      from: '2026-04-01',
      to: '2026-04-07',
      windows: 7,
      changed: 1,
      unchanged: 1,
      empty: ['2026-04-03', '2026-04-04'],
      partial: ['2026-04-02'],
      failed: [
        { day: '2026-04-05', reason: 'HTTP 503' },
        { day: '2026-04-06', reason: 'upstream refused the request' },
        { day: '2026-04-07', reason: 'went to the dead letters: schema: data[0].x is no number' },
      ],
    })
  })
  test('says which windows are confirmed to be empty, where that was asked for', () => {
    const confirmed = { ...poll('emptied', 'empty'), memory: { ...noMemory, emptyConfirmed: true } }
    const days = [
      { day: '2026-04-03', poll: poll('empty', 'empty') },
      { day: '2026-04-04', poll: confirmed },
    ]
    const said = reportOf('a.b.c', { from: '2026-04-03', to: '2026-04-04' }, days, true)
    expect(said).toMatchObject({ empty: ['2026-04-03', '2026-04-04'], confirmedEmpty: ['2026-04-04'] })
  })
})
