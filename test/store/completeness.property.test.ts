import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { requestIdentity } from '#core/request-identity.ts'
import { migrations } from '#infra/clickhouse/migrations.ts'
import { insert } from '#platform/clickhouse/client.ts'
import { migrate } from '#platform/clickhouse/migrate.ts'
import { faults } from '../support/long-tests.ts'
import { type Completeness, completenessAt, type Facts, type WindowName } from './completeness-model.ts'
import { type RunningStore, startStore } from './running-store.ts'

// Random histories of everything that completeness rests on, against a model that reads one window at a time. Each
// history has a dataset and a host of its own; a run inserts many of them and asks once an instant.

let running: RunningStore
beforeAll(async () => {
  running = await startStore()
  await migrate(running.store, migrations)
})
afterAll(() => running?.stop())

const dayMs = 24 * 3_600_000
const beginMs = Date.parse('2026-03-20T23:00:00Z')
const windowsPerHistory = 6
const spanMs = 4 * 3_600_000

/** Instants of a history: few, so that equal ones and boundaries are common. */
const instant = fc.nat({ max: 48 }).map((step) => beginMs + (step * spanMs) / 48)
const window = fc.nat({ max: windowsPerHistory - 1 })
const selector = fc.constantFrom(null, null, 'A', 'B')
const named = { window, selector }

const history = fc.record({
  schedules: fc.array(
    fc.record({
      at: instant,
      schedule: fc.constantFrom('auto', 'auto', 'auto', 'on-demand', 'off'),
      selectors: fc.constantFrom(['A', 'B'], ['A'], []),
      keysVary: fc.constantFrom(false, false, true),
      begins: fc.option(
        window.map((at) => beginMs + (at - 4) * dayMs),
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
    }),
    { maxLength: 14 },
  ),
  letters: fc.array(
    fc.record({
      ...named,
      at: instant,
      openMs: fc.option(fc.nat({ max: spanMs }), { nil: null }),
      reason: fc.constantFrom('schema', 'parked'),
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

function factsOf(dataset: string, told: History): Facts {
  const host = `${dataset}.example`
  const windowOf = ({ window: at, selector: of }: { window: number; selector: string | null }): WindowName => {
    const start = beginMs + (at - 3) * dayMs
    return { dataset, selector: of, start, end: start + dayMs }
  }
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
      why: null,
    })),
    states: oncePer(
      told.states,
      name(({ at }) => at),
    ).map((row) => ({ ...windowOf(row), ...row, error: null })),
    answers: oncePer(
      told.answers,
      name(({ knownAt }) => knownAt),
    ).map(({ lag, ...row }, offset) => ({
      ...windowOf(row),
      ...row,
      ...{ storedAt: row.knownAt + lag, version: row.knownAt * 4096, points: row.keys * 24, offset },
    })),
    letters: oncePer(
      told.letters,
      name(({ at }) => at),
    ).map(({ openMs, ...row }) => ({
      ...windowOf(row),
      ...row,
      ...{ resolvedAt: openMs === null ? null : row.at + openMs, message: 'no' },
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
const identityOf = ({ dataset, selector, start, end }: WindowName) =>
  requestIdentity(dataset, { startMs: start, endMs: end }, selector)

async function store(all: Facts[]): Promise<void> {
  const put = (table: string, columns: string[], rows: unknown[][]) => insert(running.store, table, columns, rows)
  const named = (row: WindowName) => [row.dataset, row.selector, utc(row.start), utc(row.end), identityOf(row)]
  const names = ['dataset', 'selector', 'window_start', 'window_end', 'request_identity']
  await put(
    'schedule_log',
    ['dataset', 'at', 'schedule', 'because', 'host', 'selectors', 'history_begins', 'keys_vary', 'by'],
    all.flatMap(({ schedules }) =>
      schedules.map((row) => [
        row.dataset,
        utc(row.at),
        row.schedule,
        'declaration',
        row.host,
        row.selectors,
        utc(row.begins),
        row.keysVary,
        'test',
      ]),
    ),
  )
  await put(
    'expected_windows',
    [...names, 'declared_at', 'expected_by', 'late_after', 'why', 'steps', 'backdated'],
    all.flatMap(({ expected }) =>
      expected.map((row) => [
        ...named(row),
        utc(row.declaredAt),
        utc(row.expectedBy),
        utc(row.lateAfter),
        row.why,
        row.steps,
        false,
      ]),
    ),
  )
  await put(
    'window_states',
    [...names, 'at', 'outcome', 'completeness', 'empty_confirmed', 'status', 'error', 'last_changed_at', 'failures'],
    all.flatMap(({ states }) =>
      states.map((row) => [
        ...named(row),
        ...[
          utc(row.at),
          row.outcome,
          row.completeness,
          row.confirmed,
          row.status,
          row.error,
          utc(row.lastChangedAt),
          0,
        ],
      ]),
    ),
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
    all.flatMap(({ answers }) =>
      answers.map((row) => [
        ...named(row),
        true,
        1,
        utc(row.knownAt),
        utc(row.storedAt),
        0,
        row.points,
        row.keys,
        '',
        0,
        row.offset,
      ]),
    ),
  )
  const letters = all.flatMap((facts) => facts.letters)
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
    letters.flatMap((row, offset) => [
      [`${row.dataset}.dlq`, 0, offset, '', 0, utc(row.at), row.dataset, row.reason, row.message, identityOf(row)],
      ...(row.resolvedAt === null
        ? []
        : [
            [
              `${row.dataset}.dlq`,
              0,
              letters.length + offset,
              'dropped',
              offset,
              utc(row.resolvedAt),
              row.dataset,
              '',
              '',
              null,
            ],
          ]),
    ]),
  )
  await put(
    'deletions',
    ['dataset', 'before', 'at', 'by', 'why'],
    all.flatMap(({ deletions }) => deletions.map((row) => [row.dataset, utc(row.before), utc(row.at), 'test', 'test'])),
  )
  await put(
    'host_log',
    [
      'host',
      'at',
      'poller',
      'state',
      'waiting_for_budget',
      'due_requests',
      'paused_until',
      'pause_reason',
      'settled_to',
    ],
    all.flatMap(({ hosts }) =>
      hosts.map((row) => [
        row.host,
        utc(row.at),
        row.poller,
        row.state,
        row.waiting,
        0,
        utc(row.pausedUntil),
        row.reason,
        utc(row.at),
      ]),
    ),
  )
}

async function inStore(atMs: number): Promise<Completeness[]> {
  const ms = (column: string) => `toUnixTimestamp64Milli(${column})`
  const result = await running.reader.query({
    query: `SELECT dataset, selector, ${ms('window_start')} AS start, ${ms('window_end')} AS end, class, cause,
        ${ms('since')} AS since, lateness_s AS lateness, keys, usual_keys AS usual, points, ${ms('last_revised_at')} AS revisedAt
      FROM tidemark.completeness(at = {at:String})`,
    query_params: { at: new Date(atMs).toISOString().replace('T', ' ').replace('Z', '') },
    format: 'JSONEachRow',
    clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
  })
  return result.json<Completeness>()
}

const sorted = (rows: Completeness[]) =>
  rows.toSorted((one, other) => {
    const name = ({ dataset, selector, start }: WindowName) => `${dataset} ${selector} ${start}`
    return name(one) < name(other) ? -1 : 1
  })

it('agrees with a model that reads one window at a time', { timeout: 300_000 }, async () => {
  const runs = faults ? 20 : 1
  const perRun = 120
  const seed = faults ? Date.now() % 1_000_000 : 13
  const seen = new Set<string>()
  for (let run = 0; run < runs; run++) {
    const told = fc.sample(history, { numRuns: perRun, seed: seed + run })
    const all = told.map((each, index) => factsOf(`seed${seed}.run${run}.h${index}`, each))
    await store(all)
    for (const share of faults ? [0.25, 0.5, 0.75, 1] : [0.5, 1]) {
      const atMs = beginMs + share * spanMs
      const model = sorted(all.flatMap((facts) => completenessAt(facts, atMs)))
      const said = sorted((await inStore(atMs)).filter(({ dataset }) => dataset.startsWith(`seed${seed}.run${run}.`)))
      for (const [index, row] of model.entries()) expect(said[index], `at ${new Date(atMs).toISOString()}`).toEqual(row)
      expect(said.length).toBe(model.length)
      for (const row of model) seen.add(row.class).add(row.cause ?? 'complete')
    }
  }
  const causes = ['ours-dead-letter', 'ours-lag', 'ours-not-asked', 'ours-parked', 'upstream-empty', 'upstream-refused']
  const before = ['unknown', 'before-history', 'deleted', 'not-collected', 'not-yet-due']
  const all = [...before, 'complete', 'retracted', 'partial', 'late', ...causes, 'upstream-unreachable']
  expect([...seen].toSorted()).toEqual(all.toSorted())
})
