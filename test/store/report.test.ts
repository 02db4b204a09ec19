import { afterAll, beforeAll, expect, test } from 'vitest'
import { identityNumber, requestIdentity } from '#core/request-identity.ts'
import { migrations } from '#infra/clickhouse/migrations.ts'
import { type DatasetReport, type ReportRequest, readReport } from '#operations/report/report.ts'
import { insert } from '#platform/clickhouse/client.ts'
import { migrate } from '#platform/clickhouse/migrate.ts'
import { type RunningStore, startStore } from './running-store.ts'

// Rows of every table that a report rests on, of five days of a dataset and two hours of ticks, against values that are
// reckoned by hand. Days begin at 23:00 UTC, because Brussels has UTC+1.

let running: RunningStore
beforeAll(async () => {
  running = await startStore()
  await migrate(running.store, migrations)
  await fill()
})
afterAll(() => running?.stop())

const dataset = 'jao.core.atc'
const november = (day: number, time: string) => `2026-11-${day}T${time}:00.000Z`

/** The window of a day of November: dataset, selector, start, end, identity. */
function named(day: number): [string, null, string, string, string] {
  const [start, end] = [november(day - 1, '23:00'), november(day, '23:00')]
  const window = { startMs: Date.parse(start), endMs: Date.parse(end) }
  return [dataset, null, start, end, requestIdentity(dataset, window)]
}
const names = ['dataset', 'selector', 'window_start', 'window_end', 'request_identity']

async function fill(): Promise<void> {
  const put = (table: string, columns: string, rows: unknown[][]) =>
    insert(running.store, table, columns.split(' '), rows)
  const nameColumns = names.join(' ')
  const begin = november(10, '00:00')
  await put('schedule_log', 'dataset at schedule because host selectors by', [
    [dataset, begin, 'auto', 'declaration', 'jao.example', [], 'test'],
    ['kraken.ticker', begin, 'auto', 'declaration', 'kraken.example', ['XBTUSD'], 'test'],
  ])
  await put(
    'expected_windows',
    `${nameColumns} declared_at expected_by late_after steps backdated`,
    [17, 18, 20, 21].map((day) => {
      return [...named(day), begin, november(day - 1, '10:00'), november(day - 1, '10:30'), 24, false]
    }),
  )
  const state = (day: number, at: string, completeness: string, lane = 'live') => {
    return [...named(day), at, completeness === 'empty' ? 'empty' : 'changed', completeness, 0, false, at, lane]
  }
  await put('window_states', `${nameColumns} at outcome completeness failures empty_confirmed last_changed_at lane`, [
    state(17, november(16, '09:34'), 'complete'),
    state(17, november(16, '13:03'), 'complete'),
    state(18, november(17, '09:40'), 'partial'),
    state(20, november(19, '11:00'), 'empty'),
    state(21, november(20, '09:50'), 'complete'),
  ])
  const answer = (day: number, known: string, offset: number, stored = known) => {
    return [...named(day), identityNumber(named(day)[4]), true, known, stored, 0, 3, 1, `${offset}`, 0, offset]
  }
  await put(
    'stored_answers',
    `${nameColumns} identity replaces known_at stored_at transform_version points keys content_hash raw_partition raw_offset`,
    [
      answer(17, november(16, '09:34'), 1),
      answer(17, november(16, '13:03'), 2),
      answer(18, november(17, '09:40'), 3),
      answer(21, november(20, '09:50'), 4),
      // It was on its way for four days, and is not there yet at the instants of these reports.
      answer(17, november(16, '15:00'), 5, november(20, '12:30')),
    ],
  )
  const point = (day: number, hour: string, known: string, value: number | null, flags = '', offset = 0) => {
    const [, , start, end, identity] = named(day)
    const windowOf = [start, end, 3_600, flags, identityNumber(identity), offset]
    return [dataset, 'k', november(day, hour), known, value, ...windowOf]
  }
  await put(
    'point_revisions',
    'dataset key ts known_at value window_start window_end step_s flags identity raw_offset',
    [
      point(17, '00:00', november(16, '09:34'), 100),
      point(17, '01:00', november(16, '09:34'), 100),
      point(17, '02:00', november(16, '09:34'), 100, 'implausible'),
      point(17, '00:00', november(16, '13:03'), 130),
      point(17, '01:00', november(16, '13:03'), 90),
      point(17, '02:00', november(16, '13:03'), 100),
      point(18, '00:00', november(17, '09:40'), 5, 'implausible odd'),
      point(17, '00:00', november(16, '15:00'), 200, 'implausible', 5),
      point(17, '01:00', november(16, '15:00'), 95, '', 5),
    ],
  )
  await put('dead_letter_records', 'topic partition offset decision letter_offset at dataset reason message', [
    ['jao.dlq', 0, 0, '', 0, november(18, '10:00'), dataset, 'schema', 'one'],
    ['jao.dlq', 0, 1, '', 0, november(18, '11:00'), dataset, 'schema', 'two'],
    ['jao.dlq', 0, 2, 'dropped', 0, november(19, '10:00'), dataset, '', ''],
    ['jao.dlq', 0, 3, '', 0, november(18, '12:00'), null, 'unreadable', 'three'],
  ])
  // The first one was withdrawn later, of the third the newest record counts.
  const finding = (day: number, key: string, found: string, withdrawn: string | null, rows: number, offset: number) => {
    const times = [november(day - 1, '23:00'), november(day, '23:00')]
    return ['few-rows', dataset, key, ...times, { rows, usual: 3 }, found, withdrawn ?? found, withdrawn, offset]
  }
  await put('quality_findings', 'check dataset key from to evidence found_at at withdrawn_at offset', [
    finding(17, '', november(16, '11:00'), november(16, '14:00'), 1, 0),
    finding(20, '', november(19, '11:00'), null, 2, 1),
    finding(18, '', november(17, '10:00'), null, 2, 2),
    finding(18, '', november(17, '10:00'), null, 1, 3),
  ])
  await put('host_log', 'host at poller state waiting_for_budget due_requests settled_to', [
    ['jao.example', '2026-11-20T11:59:30.000Z', 'p', 'owned', 0, 0, '2026-11-20T11:59:20.000Z'],
  ])
  // Twelve ticks of ten minutes, of which one has no answer: 11:20.
  const ticks = ['kraken.ticker', 'XBTUSD', november(20, '10:00'), november(20, '12:00'), 'kraken.ticker/XBTUSD']
  await put('expected_windows', `${nameColumns} declared_at every_s steps backdated`, [
    [...ticks, begin, 600, 12, false],
  ])
  const polled = [10, 11].flatMap((hour) => [0, 1, 2, 3, 4, 5].map((ten) => november(20, `${hour}:${ten}0`)))
  await put(
    'polls',
    `${nameColumns} fetched_at outcome completeness`,
    polled
      .filter((at) => at !== november(20, '11:20'))
      .map((at) => {
        return ['kraken.ticker', 'XBTUSD', at, at, 'kraken.ticker/XBTUSD', at, 'changed', 'complete']
      }),
  )
}

const request: ReportRequest = {
  ...{ dataset: null, days: { from: '2026-11-17', to: '2026-11-21' }, atMs: null },
  nowMs: Date.parse('2026-11-20T12:00:00Z'),
}

const atc: DatasetReport = {
  ...{ source: 'jao', dataset, zone: 'Europe/Brussels', kind: 'day', schedule: 'auto' },
  calendar: [
    { day: '2026-11-17', class: 'complete', windows: { complete: 1 } },
    { day: '2026-11-18', class: 'partial', windows: { partial: 1 } },
    { day: '2026-11-19', class: 'not-collected', windows: { 'not-collected': 1 } },
    { day: '2026-11-20', class: 'late', windows: { late: 1 } },
    { day: '2026-11-21', class: 'complete', windows: { complete: 1 } },
  ],
  gaps: [
    {
      ...{ selector: null, from: november(17, '23:00'), to: november(18, '23:00'), class: 'partial' },
      ...{ cause: 'upstream-empty', detail: 'the answer lacks rows or values', since: november(17, '09:40') },
      ...{ windows: 1, watched: true },
    },
    {
      ...{ selector: null, from: november(18, '23:00'), to: november(19, '23:00'), class: 'not-collected' },
      ...{ cause: null, detail: null, since: null, windows: 1, watched: false },
    },
    {
      ...{ selector: null, from: november(19, '23:00'), to: november(20, '23:00'), class: 'late' },
      ...{ cause: 'upstream-empty', detail: 'the answer has no rows', since: november(19, '10:30') },
      ...{ windows: 1, watched: true },
    },
  ],
  ticks: null,
  punctuality: { windows: 2, days: 2, p50: '10:34', p95: '10:50', latest: '10:50', expectedBy: '11:00', hint: null },
  revisions: {
    ...{ windows: 3, windowsRevised: 1, laterAnswers: 1 },
    // 100 to 130 and 100 to 90, 3:29 h after the first answer.
    sizes: {
      ...{ revisions: 2, pointsRevised: 2, meanAbsChange: 20, largestAbsChange: 30, toNull: 0, fromNull: 0 },
      ...{ medianDelayS: 12_540, largestDelayS: 12_540 },
    },
  },
  // The newer answer of day 17 has no flag.
  quality: [
    { flag: 'implausible', points: 1 },
    { flag: 'odd', points: 1 },
  ],
  findings: [
    {
      ...{ check: 'few-rows', findings: 2 },
      newest: { key: '', from: november(19, '23:00'), to: november(20, '23:00'), evidence: { rows: 2, usual: 3 } },
    },
  ],
  refusals: [
    { topic: 'jao.dlq', reason: 'schema', letters: 2, open: 1, newest: november(18, '11:00'), newestMessage: 'two' },
  ],
  lastRevised: november(16, '13:03'),
}

test('a report says what the store knows by the settled instant, with no hole', async () => {
  const { report, windows, settled } = await readReport(running.reader, request)
  expect(report.at).toBe('2026-11-20T11:59:20.000Z')
  expect(settled).toMatchObject({ basis: 'settled', host: 'jao.example' })
  expect(report.datasets.find((each) => each.dataset === dataset)).toEqual(atc)
  const kraken = report.datasets.find((each) => each.dataset === 'kraken.ticker')
  // The tick of 11:50 is not over at 11:59:20.
  expect(kraken?.ticks).toEqual({ expected: 11, good: 10, lost: 1, lostShare: 1 / 11 })
  expect(kraken?.calendar[3]).toEqual({
    day: '2026-11-20',
    ...{ class: 'lost', windows: { 'not-collected': 10, complete: 1, lost: 1, 'not-yet-due': 12 } },
  })
  expect(report.alarms).toEqual([
    { dataset, what: 'late', count: 1 },
    { dataset, what: 'partial', count: 1 },
    { dataset: 'kraken.ticker', what: 'ticks-lost', count: 1 },
  ])
  expect(report.otherRefusals).toEqual([
    {
      ...{ topic: 'jao.dlq', reason: 'unreadable', letters: 1, open: 1, newest: november(18, '12:00') },
      newestMessage: 'three',
    },
  ])
  expect(windows.filter((window) => window.dataset === dataset).map(({ points }) => points)).toEqual([
    ...[3, 3, null, null, 3],
  ])
  expect(windows.filter((window) => window.dataset === dataset).map(({ findings }) => findings)).toEqual([
    0, 1, 0, 1, 0,
  ])
})

test('a report of one dataset says the same, and one of an earlier instant what was known then', async () => {
  const one = await readReport(running.reader, { ...request, dataset })
  expect(one.report.datasets).toEqual([atc])
  expect(one.report.otherRefusals).toEqual([])
  const atMs = Date.parse(november(16, '12:00'))
  const then = await readReport(running.reader, { ...request, dataset, atMs })
  expect(then.report).toMatchObject({ at: november(16, '12:00'), alarms: [] })
  expect(then.settled).toMatchObject({ basis: 'asked', host: null })
  const [early] = then.report.datasets
  expect(early?.calendar.map((day) => day.class)).toEqual([
    ...['complete', 'not-yet-due', 'not-yet-due', 'not-yet-due', 'not-yet-due'],
  ])
  expect(early).toMatchObject({ lastRevised: null, quality: [{ flag: 'implausible', points: 1 }], refusals: [] })
  expect(early?.findings).toMatchObject([{ check: 'few-rows', findings: 1, newest: { evidence: { rows: 1 } } }])
})
