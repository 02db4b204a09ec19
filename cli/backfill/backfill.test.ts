import { describe, expect, test } from 'vitest'
import type { Poll } from '#schemas/generated/records.ts'
import type { Dataset } from '#sources/source.ts'
import { backfillDays } from './backfill-days.ts'
import { reportOf, reportText } from './backfill-report.ts'

const dataset = {
  name: 'a.b.c',
  calendar: { kind: 'days', window: 'day', zone: 'Europe/Brussels', firstDay: '2022-06-09', searchFrom: '09:00' },
} as Dataset
const now = Date.parse('2026-04-20T22:30:00Z')

describe('the days asked for', () => {
  const days = (from: string, to: string) => backfillDays(dataset, from, to, now).map(({ day }) => day)
  test('are those of the dataset’s zone, both ends included', () => {
    expect(days('2026-03-28', '2026-03-30')).toEqual(['2026-03-28', '2026-03-29', '2026-03-30'])
    const [short] = backfillDays(dataset, '2026-03-29', '2026-03-29', now)
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
      expect(() => days(text, '2026-04-20'), text).toThrow('is no day')
    }
  })
})

describe('the report', () => {
  const poll = (outcome: string, completeness: string | null, error: string | null = null) =>
    ({ outcome, error, memory: { completeness } }) as Poll
  const report = reportOf('a.b.c', [
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
  test('is a line a fact', () => {
    expect(reportText(report).split('\n')).toEqual([
      'a.b.c 2026-04-01 to 2026-04-07: 7 windows asked for, 1 new or changed, 1 unchanged',
      'nothing published: 2026-04-03, 2026-04-04',
      'only a part published: 2026-04-02',
      'could not be fetched: 2026-04-05 (HTTP 503)',
      'could not be fetched: 2026-04-06 (upstream refused the request)',
      'could not be fetched: 2026-04-07 (went to the dead letters: schema: data[0].x is no number)',
      '',
    ])
  })
})
