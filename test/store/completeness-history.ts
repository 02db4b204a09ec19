import fc from 'fast-check'
import { identityNumber, requestIdentity } from '#core/request-identity.ts'
import { insert, type Store } from '#platform/clickhouse/client.ts'
import type { Facts, WindowName } from './completeness-model.ts'

// Random histories of everything that completeness rests on. Each has a dataset and a host of its own.

const dayMs = 24 * 3_600_000
export const beginMs = Date.parse('2026-03-20T23:00:00Z')
/**
 * Starts of the windows, days after the begin. `from` is the begin: the first window is too old for it, the second is as old
 * as can be, and the fourth ends there.
 */
const startDays = [-500 - 1 / 24, -500, -2, -1, 0, 1, 2]
export const spanMs = 4 * 3_600_000

const startMs = (window: number): number => beginMs + Math.round((startDays[window] ?? 0) * dayMs)

/** Instants of a history: few, so that equal ones and boundaries are common. */
const instant = fc.nat({ max: 48 }).map((step) => beginMs + (step * spanMs) / 48)
const window = fc.nat({ max: startDays.length - 1 })
const selector = fc.constantFrom(null, null, 'A', 'B')
const named = { window, selector }
/** Only a window without a selector has pages. */
const page = fc.constantFrom(null, null, null, 'rows-0', 'rows-10')

export const history = fc.record({
  schedules: fc.array(
    fc.record({
      at: instant,
      schedule: fc.constantFrom('auto', 'auto', 'auto', 'on-demand', 'off'),
      selectors: fc.constantFrom(['A', 'B'], ['A'], []),
      keysVary: fc.constantFrom(false, false, true),
      begins: fc.option(
        window.map((at) => startMs(at) - dayMs),
        { nil: null },
      ),
    }),
    { minLength: 0, maxLength: 3 },
  ),
  expected: fc.array(
    fc.record({
      ...named,
      declaredAt: instant,
      expectedBy: fc.option(instant, { nil: null }),
      grace: fc.nat({ max: 3_600_000 }),
      steps: fc.constantFrom(24, null),
      why: fc.constantFrom(null, 'holiday'),
    }),
    { maxLength: 10 },
  ),
  states: fc.array(
    fc.record({
      ...named,
      at: instant,
      outcome: fc.constantFrom('changed', 'unchanged', 'empty', 'emptied', 'refused', 'unreadable', 'failed'),
      completeness: fc.constantFrom('complete', 'complete', 'complete', 'partial', 'empty', 'refused', null),
      confirmed: fc.boolean(),
      status: fc.constantFrom(null, 200, 503),
      error: fc.constantFrom(null, 'ECONNRESET'),
      lastChangedAt: fc.option(instant, { nil: null }),
    }),
    { maxLength: 24 },
  ),
  answers: fc.array(
    fc.record({
      ...named,
      knownAt: instant,
      lag: fc.constantFrom(0, 0, 1_000, spanMs),
      keys: fc.constantFrom(0, 1, 3, 4, 8),
      page,
    }),
    { maxLength: 14 },
  ),
  letters: fc.array(
    fc.record({
      ...named,
      at: instant,
      openMs: fc.option(fc.nat({ max: spanMs }), { nil: null }),
      reason: fc.constantFrom('schema', 'parked'),
      page,
    }),
    { maxLength: 3 },
  ),
  deletions: fc.array(fc.record({ window, at: instant }), { maxLength: 1 }),
  hosts: fc.array(
    fc.record({
      at: instant,
      poller: fc.constantFrom('one', 'other'),
      state: fc.constantFrom('owned', 'owned', 'released'),
      waiting: fc.constantFrom(0, 3),
      pausedFor: fc.option(fc.nat({ max: 3_600_000 }), { nil: null }),
    }),
    { maxLength: 6 },
  ),
})
type History = typeof history extends fc.Arbitrary<infer Value> ? Value : never

const oncePer = <Row>(rows: Row[], name: (row: Row) => string): Row[] => [
  ...new Map(rows.map((row) => [name(row), row])).values(),
]

export function factsOf(dataset: string, told: History): Facts {
  const host = `${dataset}.example`
  const windowOf = ({ window: at, selector: of }: { window: number; selector: string | null }): WindowName => {
    return { dataset, selector: of, start: startMs(at), end: startMs(at) + dayMs }
  }
  const pageOf = (row: { selector: string | null; page: string | null }) => (row.selector === null ? row.page : null)
  const name = (at: (row: never) => number) => (row: { window: number; selector: string | null }) =>
    `${row.window} ${row.selector} ${at(row as never)}`
  return {
    schedules: oncePer(told.schedules, ({ at }) => `${at}`).map((row) => ({ dataset, host, ...row })),
    expected: oncePer(
      told.expected,
      name(({ declaredAt }) => declaredAt),
    ).map(({ grace, ...row }) => ({
      ...windowOf(row),
      ...row,
      lateAfter: row.expectedBy === null ? null : row.expectedBy + grace,
    })),
    states: oncePer(
      told.states,
      name(({ at }) => at),
    ).map((row) => ({ ...windowOf(row), ...row })),
    answers: oncePer(
      told.answers,
      name(({ knownAt }) => knownAt),
    ).map(({ lag, ...row }, offset) => ({
      ...windowOf(row),
      ...row,
      page: pageOf(row),
      ...{ storedAt: row.knownAt + lag, version: row.knownAt * 4096, points: row.keys * 24, offset },
    })),
    letters: oncePer(
      told.letters,
      name(({ at }) => at),
    ).map(({ openMs, ...row }) => ({
      ...windowOf(row),
      ...row,
      page: pageOf(row),
      ...{ resolvedAt: openMs === null ? null : row.at + openMs, message: `no ${row.at}` },
    })),
    deletions: told.deletions.map((row) => ({
      dataset,
      before: windowOf({ ...row, selector: null }).start,
      at: row.at,
    })),
    hosts: oncePer(told.hosts, ({ at, poller }) => `${at} ${poller}`)
      // Two pollers never say something at the same instant of which the newest counts.
      .filter(
        ({ at, poller }, _index, all) =>
          poller === 'one' || !all.some((other) => other.poller === 'one' && other.at === at),
      )
      .map(({ pausedFor, ...row }) => ({
        host,
        ...row,
        ...{ pausedUntil: pausedFor === null ? null : row.at + pausedFor, reason: pausedFor === null ? null : '429' },
      })),
  }
}

const utc = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString())
const identityOf = ({ dataset, selector, start, end }: WindowName, page: string | null = null) =>
  requestIdentity(dataset, { startMs: start, endMs: end }, page ?? selector)

/** Inserts what the sink would have inserted. */
export async function storeFacts(store: Store, all: readonly Facts[]): Promise<void> {
  const put = (table: string, columns: string, rows: unknown[][]) => insert(store, table, columns.split(' '), rows)
  const names = 'dataset selector window_start window_end request_identity'
  const named = (row: WindowName, page?: string | null) => {
    return [row.dataset, row.selector, utc(row.start), utc(row.end), identityOf(row, page)]
  }
  await put(
    'schedule_log',
    'dataset at schedule because host selectors history_begins keys_vary by',
    all.flatMap(({ schedules }) =>
      schedules.map((row) => {
        const told = [row.dataset, utc(row.at), row.schedule, 'declaration', row.host, row.selectors, utc(row.begins)]
        return [...told, row.keysVary, 'test']
      }),
    ),
  )
  await put(
    'expected_windows',
    `${names} declared_at expected_by late_after why steps backdated`,
    all.flatMap(({ expected }) =>
      expected.map((row) => {
        const times = [row.declaredAt, row.expectedBy, row.lateAfter].map(utc)
        return [...named(row), ...times, row.why, row.steps, false]
      }),
    ),
  )
  await put(
    'window_states',
    `${names} at outcome completeness empty_confirmed status error last_changed_at failures`,
    all.flatMap(({ states }) =>
      states.map((row) => {
        const told = [utc(row.at), row.outcome, row.completeness, row.confirmed, row.status, row.error]
        return [...named(row), ...told, utc(row.lastChangedAt), 0]
      }),
    ),
  )
  await put(
    'stored_answers',
    `${names} identity replaces known_at stored_at transform_version points keys content_hash raw_partition raw_offset`,
    all.flatMap(({ answers }) =>
      answers.map((row) => {
        const identity = identityNumber(identityOf(row, row.page))
        const told = [identity, true, utc(row.knownAt), utc(row.storedAt), 0, row.points, row.keys, '', 0, row.offset]
        return [...named(row, row.page), ...told]
      }),
    ),
  )
  const letters = all.flatMap((facts) => facts.letters)
  await put(
    'dead_letter_records',
    'topic partition offset decision letter_offset at dataset reason message request_identity',
    letters.flatMap((row, offset) => {
      const record = [`${row.dataset}.dlq`, 0]
      const letter = [offset, '', 0, utc(row.at), row.dataset, row.reason, row.message, identityOf(row, row.page)]
      const decision = [letters.length + offset, 'dropped', offset, utc(row.resolvedAt), row.dataset, '', '', null]
      return [letter, ...(row.resolvedAt === null ? [] : [decision])].map((rest) => [...record, ...rest])
    }),
  )
  await put(
    'deletions',
    'dataset before at by why',
    all.flatMap(({ deletions }) => deletions.map((row) => [row.dataset, utc(row.before), utc(row.at), 'test', 'test'])),
  )
  await put(
    'host_log',
    'host at poller state waiting_for_budget due_requests paused_until pause_reason settled_to',
    all.flatMap(({ hosts }) =>
      hosts.map((row) => {
        const told = [row.host, utc(row.at), row.poller, row.state, row.waiting, 0, utc(row.pausedUntil), row.reason]
        return [...told, utc(row.at)]
      }),
    ),
  )
}
