import { afterAll, beforeAll, expect } from 'vitest'
import { addDays, businessDay } from '#core/business-day.ts'
import { expectedWindow } from '#core/expected-windows.ts'
import { identityNumber, requestIdentity } from '#core/request-identity.ts'
import { migrations } from '#infra/clickhouse/migrations.ts'
import { insert } from '#platform/clickhouse/client.ts'
import { migrate } from '#platform/clickhouse/migrate.ts'
import type { BusinessDays } from '#sources/calendar.ts'
import type { Dataset } from '#sources/source.ts'
import { longTest } from '../support/long-tests.ts'
import { type RunningStore, startStore } from './running-store.ts'

// A year of a dataset that is published each day, generated straight into the store: both days of changed clocks, a step
// that becomes finer, new and withdrawn keys, revisions, a declared maintenance and a declared holiday. Ten days have a
// fault. Every day is looked at a minute after the grace; those with a fault within the grace and in the evening, too.

let running: RunningStore
beforeAll(async () => {
  running = await startStore()
  await migrate(running.store, migrations)
})
afterAll(() => running?.stop())

const zone = 'Europe/Brussels'
const minuteMs = 60_000
const year = Array.from({ length: 365 }, (_, day) => addDays('2026-01-01', day))
const calendar: BusinessDays = {
  kind: 'days',
  window: 'day',
  zone,
  firstDay: '2020-01-01',
  searchFrom: '09:00',
  expected: {
    expectedBy: '11:00',
    lateAfterS: 1_800,
    exceptions: [
      { from: '2026-06-02T08:00:00Z', to: '2026-06-02T14:00:00Z', why: 'maintenance', effect: 'later' },
      { from: '2026-12-24T22:00:00Z', to: '2026-12-25T22:00:00Z', why: 'holiday', effect: 'not-expected' },
    ],
  },
}
const steps = [
  { fromMs: 0, stepS: 3_600 },
  { fromMs: Date.parse('2026-09-30T22:00:00Z'), stepS: 900 },
]
const dataset = { name: 'y.day', calendar, steps } as unknown as Dataset

interface Fault {
  class: 'late' | 'partial'
  cause: string
  /** Local time on the day before delivery until which the fault lasts. It began before the deadline. */
  until: string
}

/** Faults by the day of delivery. All of them are over in the afternoon. */
const seeded: Record<string, Fault> = {
  '2026-01-21': { class: 'late', cause: 'upstream-empty', until: '14:00' },
  '2026-02-20': { class: 'late', cause: 'upstream-refused', until: '13:00' },
  '2026-03-10': { class: 'late', cause: 'upstream-unreachable', until: '13:00' },
  // The day of summer time has 23 hours; it is published on the day before.
  '2026-03-29': { class: 'late', cause: 'ours-not-asked', until: '15:00' },
  '2026-04-30': { class: 'late', cause: 'ours-dead-letter', until: '16:00' },
  '2026-05-20': { class: 'late', cause: 'ours-parked', until: '16:00' },
  '2026-07-07': { class: 'late', cause: 'ours-lag', until: '14:30' },
  '2026-08-08': { class: 'partial', cause: 'upstream-empty', until: '12:30' },
  '2026-09-09': { class: 'partial', cause: 'upstream-empty', until: '12:30' },
  '2026-10-25': { class: 'late', cause: 'ours-not-asked', until: '15:00' },
}
const shortKeys = '2026-09-09'
const silentPoller = '2026-03-29'
const pausedHost = '2026-10-25'

const localMs = (day: string, time: string): number =>
  Temporal.PlainDate.from(day).toZonedDateTime({ timeZone: zone, plainTime: time }).epochMilliseconds
const before = (day: string, time: string): number => localMs(addDays(day, -1), time)
const utc = (ms: number): string => new Date(ms).toISOString()
const keysOn = (day: string): number => (day < '2026-06-11' ? 132 : day < '2026-11-03' ? 150 : 148)
const windowOf = (day: string) => businessDay(zone, day).window
const identityOf = (day: string): string => requestIdentity('y.day', windowOf(day))
const nameOf = (day: string) => ['y.day', utc(windowOf(day).startMs), utc(windowOf(day).endMs), identityOf(day)]

const states: unknown[][] = []
const answers: unknown[][] = []
const letters: unknown[][] = []

function addState(
  day: string,
  atMs: number,
  outcome: string,
  says: { completeness?: string; status?: number; error?: string } = {},
): void {
  const isKept = outcome === 'changed'
  const { completeness = null, status = null, error = null } = says
  states.push([...nameOf(day), utc(atMs), outcome, completeness, status, error, isKept ? utc(atMs) : null, false, 0])
}

function addAnswer(day: string, atMs: number, keys: number, lagMs = 2_000): void {
  const hours = (windowOf(day).endMs - windowOf(day).startMs) / 3_600_000
  const points = keys * hours * (day < '2026-10-01' ? 1 : 4)
  answers.push([
    ...nameOf(day),
    true,
    identityNumber(identityOf(day)),
    utc(atMs),
    utc(atMs + lagMs),
    1,
    points,
    keys,
    '',
    0,
    answers.length,
  ])
}

function addLetter(day: string, atMs: number, untilMs: number, reason: string): void {
  const offset = letters.length
  letters.push(['y.dlq', 0, offset, '', 0, utc(atMs), 'y.day', reason, 'no column', identityOf(day)])
  letters.push(['y.dlq', 0, offset + 1, 'requeued', offset, utc(untilMs), 'y.day', '', '', null])
}

/** What became of a day that has no fault: empty answers from 09:00, the answer before 11:00, and at times a revision. */
function addPunctual(day: string, index: number): void {
  const publishedMs = day === '2026-06-03' ? before(day, '15:30') : before(day, '10:15') + (index % 40) * minuteMs
  addState(day, before(day, '09:00') + 20_000, 'empty', { completeness: 'empty', status: 200 })
  addState(day, publishedMs, 'changed', { completeness: 'complete', status: 200 })
  addAnswer(day, publishedMs, keysOn(day))
  if (index % 7 !== 0) return
  const revisedMs = before(day, '17:20')
  addState(day, revisedMs, 'changed', { completeness: 'complete', status: 200 })
  addAnswer(day, revisedMs, keysOn(day))
}

function addFault(day: string, { cause, until }: Fault): void {
  const firstMs = before(day, '09:00') + 20_000
  const untilMs = before(day, until)
  const publishedMs = before(day, '10:30')
  const come = (atMs: number, keys: number, completeness: string, lagMs?: number): void => {
    addState(day, atMs, 'changed', { completeness, status: 200 })
    addAnswer(day, atMs, keys, lagMs)
  }
  if (day !== silentPoller) addState(day, firstMs, 'empty', { completeness: 'empty', status: 200 })
  if (cause === 'upstream-refused')
    addState(day, publishedMs, 'failed', { completeness: 'empty', status: 503, error: 'Service Unavailable' })
  if (cause === 'upstream-unreachable')
    addState(day, publishedMs, 'failed', { completeness: 'empty', error: 'connect ETIMEDOUT' })
  if (cause === 'ours-dead-letter' || cause === 'ours-parked') {
    addState(day, publishedMs, 'changed', { completeness: 'complete', status: 200 })
    addLetter(day, publishedMs + 1_000, untilMs, cause === 'ours-parked' ? 'parked' : 'schema')
    addAnswer(day, publishedMs, keysOn(day), untilMs - publishedMs)
  } else if (cause === 'ours-lag') come(publishedMs, keysOn(day), 'complete', untilMs - publishedMs)
  else if (day === shortKeys) come(publishedMs, 60, 'complete')
  else if (seeded[day]?.class === 'partial') come(publishedMs, keysOn(day), 'partial')
  if (cause !== 'ours-dead-letter' && cause !== 'ours-parked' && cause !== 'ours-lag')
    come(untilMs, keysOn(day), 'complete')
}

async function fillTheYear(): Promise<void> {
  for (const [index, day] of year.entries()) {
    const fault = seeded[day]
    if (fault !== undefined) addFault(day, fault)
    else if (day !== '2026-12-25') addPunctual(day, index)
    else addState(day, before(day, '09:00') + 20_000, 'empty', { completeness: 'empty', status: 200 })
  }
  const put = (table: string, columns: string[], rows: unknown[][]) => insert(running.store, table, columns, rows)
  const names = ['dataset', 'window_start', 'window_end', 'request_identity']
  await put(
    'schedule_log',
    ['dataset', 'at', 'schedule', 'because', 'host', 'selectors', 'by'],
    [['y.day', '2025-12-01T00:00:00Z', 'auto', 'declaration', 'y.example', [], 'test']],
  )
  await put(
    'expected_windows',
    [...names, 'expected_by', 'late_after', 'why', 'steps', 'declared_at'],
    year.map((day) => {
      const declaredMs = localMs(addDays(day, -3), '00:10')
      const {
        expectedBy,
        lateAfter,
        why,
        steps: count,
      } = expectedWindow({ dataset }, calendar, day, windowOf(day), null, declaredMs)
      return [...nameOf(day), expectedBy && utc(expectedBy), lateAfter && utc(lateAfter), why, count, utc(declaredMs)]
    }),
  )
  await put(
    'window_states',
    [...names, 'at', 'outcome', 'completeness', 'status', 'error', 'last_changed_at', 'empty_confirmed', 'failures'],
    states,
  )
  await put(
    'stored_answers',
    [
      ...names,
      'replaces',
      'identity',
      'known_at',
      'stored_at',
      'transform_version',
      'points',
      'keys',
      'content_hash',
      'raw_partition',
      'raw_offset',
    ],
    answers,
  )
  await put(
    'dead_letter_records',
    [
      'topic',
      'partition',
      'offset',
      'decision',
      'letter_offset',
      'at',
      'dataset',
      'reason',
      'message',
      'request_identity',
    ],
    letters,
  )
  // The owner of the host speaks once a minute, all year, but for the morning in which the poller is down.
  const [silentFrom, silentTo] = ['08:00', '14:59'].map((time) => before(silentPoller, time) / 1_000)
  const [pausedFrom, pausedTo] = ['09:01', '15:00'].map((time) => before(pausedHost, time) / 1_000)
  await running.store.command({
    query: `INSERT INTO tidemark.host_log (host, at, poller, state, waiting_for_budget, due_requests, paused_until, pause_reason, settled_to)
      SELECT 'y.example', toDateTime64(minute, 3, 'UTC') AS at, 'one', 'owned', 0, 0,
        if(minute >= ${pausedFrom} AND minute < ${pausedTo}, toDateTime64(${pausedTo}, 3, 'UTC'), NULL) AS paused_until,
        if(paused_until IS NULL, NULL, '429, Retry-After 21600'), at
      FROM (SELECT ${Date.parse('2025-12-28T00:00:00Z') / 1_000} + 60 * number AS minute FROM numbers(${370 * 24 * 60}))
      WHERE NOT (minute > ${silentFrom} AND minute < ${silentTo})`,
  })
}

async function alarmsAt(atMs: number): Promise<string[]> {
  const text = (ms: number) => utc(ms).replace('T', ' ').replace('Z', '')
  const result = await running.reader.query({
    query: `SELECT formatDateTime(window_end, '%F', '${zone}') AS day, class, cause
      FROM tidemark.completeness_since(at = {at:String}, from = {from:String})
      WHERE dataset = 'y.day' AND class IN ('late', 'partial', 'lost', 'unknown', 'not-collected') ORDER BY day`,
    query_params: { at: text(atMs), from: text(atMs - 3 * 24 * 60 * minuteMs) },
    format: 'JSONEachRow',
  })
  // A day ends at midnight, which is the begin of the next one.
  return (await result.json<{ day: string; class: string; cause: string }>()).map(
    (row) => `${addDays(row.day, -1)} ${row.class} ${row.cause}`,
  )
}

longTest(
  'a year has no false alarm, and each seeded fault is found after its grace, with its cause',
  { timeout: 1_800_000 },
  async () => {
    await fillTheYear()
    const said: Record<string, string[]> = {}
    const expected: Record<string, string[]> = {}
    const look = async (when: string, day: string, time: string, found: string[]): Promise<void> => {
      said[`${day} ${when}`] = await alarmsAt(before(day, time))
      expected[`${day} ${when}`] = found
    }
    for (const [index, day] of year.entries()) {
      const fault = seeded[day]
      await look('after its grace', day, '11:31', fault ? [`${day} ${fault.class} ${fault.cause}`] : [])
      // A partial answer is told at once, and a late window not before its grace is over.
      if (fault?.class === 'late') await look('within its grace', day, '11:29', [])
      if (fault || index % 20 === 0) await look('in the evening', day, '18:00', [])
    }
    expect(said).toEqual(expected)
  },
)
