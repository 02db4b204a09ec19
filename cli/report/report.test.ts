import { expect, test } from 'vitest'
import type { CompletenessClass } from '#operations/report/classes.ts'
import type { DatasetReport, Report, ReportedWindow } from '#operations/report/report.ts'
import { readOptions } from './report.ts'
import { reportCsv } from './report-csv.ts'
import { instantText, reportText } from './report-text.ts'

const days = (from: string, classes: (CompletenessClass | null)[]): DatasetReport['calendar'] =>
  classes.map((each, index) => {
    const day = new Date(Date.parse(from) + index * 86_400_000).toISOString().slice(0, 10)
    return { day, class: each, windows: each === null ? {} : { [each]: 1 } }
  })

const datasetOf = (dataset: string, more: Partial<DatasetReport>): DatasetReport => ({
  ...{ source: 'jao', dataset, zone: 'Europe/Brussels', kind: 'day', schedule: 'auto', calendar: [], gaps: [] },
  ...{ ticks: null, punctuality: null, quality: [], findings: [], refusals: [], lastRevised: null },
  revisions: { windows: 0, windowsRevised: 0, laterAnswers: 0, sizes: null },
  ...more,
})

const refusal = {
  reason: 'schema',
  letters: 3,
  open: 1,
  newest: '2026-10-29T10:00:00.000Z',
  newestMessage: 'no\u001b[31m',
}

const report: Report = {
  ...{ at: '2026-10-31T12:00:00.000Z', from: '2026-10-29', to: '2026-11-01' },
  alarms: [{ dataset: 'jao.core.atc', what: 'late', count: 1 }],
  datasets: [
    datasetOf('jao.core.atc', {
      calendar: days('2026-10-29', ['complete', 'partial', 'late', 'not-yet-due']),
      gaps: [
        {
          ...{ selector: null, from: '2026-10-30T23:00:00.000Z', to: '2026-10-31T23:00:00.000Z', class: 'late' },
          ...{ cause: 'upstream-empty', detail: 'the answer has no rows', since: '2026-10-30T10:30:00.000Z' },
          ...{ windows: 1, watched: true },
        },
      ],
      punctuality: {
        windows: 20,
        days: 20,
        p50: '10:12',
        p95: '11:05',
        latest: '25:10',
        expectedBy: '11:00',
        hint: 'a hint',
      },
      revisions: {
        ...{ windows: 30, windowsRevised: 2, laterAnswers: 3 },
        sizes: {
          ...{ revisions: 7, pointsRevised: 6, meanAbsChange: 12.34567, largestAbsChange: 40, toNull: 0, fromNull: 0 },
          ...{ medianDelayS: 1_800, largestDelayS: 90_000 },
        },
      },
      quality: [{ flag: 'implausible', points: 4 }],
      lastRevised: '2026-10-30T14:03:00.000Z',
    }),
    datasetOf('jao.core.lta', { calendar: days('2026-10-29', Array(4).fill('not-collected')) }),
    datasetOf('kraken.ticker', {
      calendar: days('2026-10-29', ['lost', 'complete', 'complete', null]),
      findings: [
        {
          ...{ check: 'frozen', findings: 2 },
          newest: {
            ...{ key: 'XXBTZUSD.last', from: '2026-10-29T10:00:00.000Z', to: '2026-10-29T10:20:00.000Z' },
            evidence: { value: 100.5, ticks: 120, grown: 7 },
          },
        },
      ],
      ticks: { expected: 8_640, good: 8_633, lost: 7, lostShare: 7 / 8_640 },
    }),
  ],
  otherRefusals: [{ topic: 'jao.dlq', ...refusal }],
}

test('the text has a line a dataset, a glyph a day, and what is wrong', () => {
  expect(reportText(report, 100, false)).toBe(`2026-10-29 to 2026-11-01, as of 2026-10-31T12:00:00.000Z

                 29 1
  jao.core.atc   █▄L·
  kraken.ticker  X██ \n1 dataset not collected
  █ complete  · not-yet-due  ▄ partial  X lost  L late  (the worst window of a day, local time)

Wrong now
  jao.core.atc  1 window late

Gaps (UTC)
  jao.core.atc  2026-10-30 23:00 to 2026-10-31 23:00  late
    since 2026-10-30 10:30: upstream answers, but empty: the answer has no rows

First complete, local time, the last 90 days
                half   95 %   latest  expected  windows
  jao.core.atc  10:12  11:05  25:10   11:00     20
  jao.core.atc
    a hint

Revised (UTC)
                windows  last         values  by     at most  after   at most
  jao.core.atc  2 of 30  10-30 14:03  7       12.35  40       30 min  25 h

Ticks of the last 24 hours
  kraken.ticker  8633 of 8640  0.08 % lost

Flags of points
  jao.core.atc  implausible  4 points

Findings across answers (UTC)
  kraken.ticker  frozen  2 findings  last 10-29 10:00  XXBTZUSD.last value 100.5 ticks 120 grown 7

Refused
  jao.dlq  schema  3, 1 open  last 2026-10-29 10:00  no\ufffd[31m`)
})

test('why a report is of its instant is said apart from it', () => {
  const atMs = Date.parse('2026-10-31T12:00:00Z')
  const said = (['asked', 'settled', 'now'] as const).map((basis) => instantText({ atMs, basis, host: 'h' }))
  expect(said).toEqual([
    'As of 2026-10-31T12:00:00.000Z (as it was known at this instant).',
    'As of 2026-10-31T12:00:00.000Z (every answer that arrived before is stored, by what the owner of h says).',
    'As of 2026-10-31T12:00:00.000Z (now: no poller has said yet up to when its answers are stored).',
  ])
})

test('days that do not fit on a line stand below each other by month', () => {
  const long = datasetOf('jao.core.atc', { calendar: days('2026-08-30', Array(65).fill('complete')) })
  const lines = reportText({ ...report, datasets: [long] }, 80, true).split('\n')
  expect(lines.slice(2, 7)).toEqual([
    'jao.core.atc',
    `  2026-08  ${' '.repeat(29)}██`,
    `  2026-09  ${'█'.repeat(30)}`,
    `  2026-10  ${'█'.repeat(31)}`,
    '  2026-11  ██',
  ])
})

test('a field of CSV that is null is empty, 0 is 0, and an empty text is not null', () => {
  const window: ReportedWindow = {
    ...{ source: 'jao', dataset: 'd', selector: null, startMs: 0, endMs: 86_400_000, class: 'partial', cause: null },
    ...{ detail: 'a "b", c', sinceMs: null, latenessS: 0, expectedByMs: null, lateAfterMs: null, points: 0 },
    ...{
      expectedPoints: null,
      keys: null,
      usualKeys: null,
      lastRevisedMs: null,
      isWatched: true,
      why: '',
      findings: 2,
    },
  }
  expect(reportCsv([window])).toBe(
    'source,dataset,selector,window_start,window_end,class,cause,since,detail,lateness_s,expected_by,late_after,' +
      'points,expected_points,keys,usual_keys,last_revised_at,is_watched,why,findings\n' +
      'jao,d,,1970-01-01T00:00:00.000Z,1970-01-02T00:00:00.000Z,partial,,,"a ""b"", c",0,,,0,,,,,true,"",2\n',
  )
})

test.each([
  [undefined, { json: true, csv: true }, '--json and --csv exclude each other'],
  [undefined, { from: '2026-10-01' }, '--from and --to belong together'],
  [undefined, { from: '2026-10-32', to: '2026-11-01' }, '--from 2026-10-32 is not a day'],
  [undefined, { from: '2026-10-02', to: '2026-10-01' }, '--from 2026-10-02 is after --to 2026-10-01'],
  [undefined, { from: '0026-10-02', to: '2026-10-01' }, 'name fewer days'],
  [undefined, { at: 'noon' }, '--at noon is not an instant'],
  ['votes.votes', {}, 'votes.votes is read from files and has no windows'],
  ['jao.core.atx', {}, 'There is no dataset jao.core.atx'],
])('refuses %s %j', (name, options, message) => {
  expect(() => readOptions(name, options)).toThrow(message)
})
