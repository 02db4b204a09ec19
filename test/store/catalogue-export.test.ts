import { afterAll, beforeAll, expect, test } from 'vitest'
import { readableObjects } from '#catalogue/export/fields.ts'
import { type Run, runEvent } from '#catalogue/export/openlineage.ts'
import type { Kept } from '#catalogue/export/promises.ts'
import { datasetsByName } from '#core/datasets.ts'
import { identityNumber, requestIdentity } from '#core/request-identity.ts'
import { migrations } from '#infra/clickhouse/migrations.ts'
import { readKept } from '#operations/export/kept.ts'
import { readRuns } from '#operations/export/runs.ts'
import { insert } from '#platform/clickhouse/client.ts'
import { migrate } from '#platform/clickhouse/migrate.ts'
import { openLineageValidator } from '../support/published-schemas.ts'
import { type RunningStore, startStore } from './running-store.ts'

// Facts of some windows of a dataset, two hours of ticks and two chunks of files, against values that are reckoned by hand.
// Days begin at 23:00 UTC, because Brussels has UTC+1. All is asked at 12:00 UTC of 2026-11-20, and settled at 11:59:20.

let running: RunningStore
beforeAll(async () => {
  running = await startStore()
  await migrate(running.store, migrations)
  await fill()
})
afterAll(() => running?.stop())

const dataset = 'jao.core.atc'
const constraints = 'jao.core.finalComputation'
const november = (day: number, time: string) => `2026-11-${day}T${time}:00.000Z`
const at = (text: string): number => Date.parse(text)
const nowMs = at(november(20, '12:00'))

/** The window of a day of November: dataset, selector, start, end, identity. */
function named(day: number): [string, null, string, string, string] {
  const [start, end] = [november(day - 1, '23:00'), november(day, '23:00')]
  return [dataset, null, start, end, requestIdentity(dataset, { startMs: at(start), endMs: at(end) })]
}
const nameColumns = 'dataset selector window_start window_end request_identity'

const put = (table: string, columns: string, rows: unknown[][]) =>
  insert(running.store, table, columns.split(' '), rows)

async function fill(): Promise<void> {
  await fillWindows()
  await fillAnswers()
  await fillTicks()
  await put('host_log', 'host at poller state waiting_for_budget due_requests settled_to', [
    ['jao.example', '2026-11-20T11:59:30.000Z', 'p', 'owned', 0, 0, '2026-11-20T11:59:20.000Z'],
  ])
}

/** Day 16 was complete 45 minutes after its deadline; day 15 was first declared when it was over. */
async function fillWindows(): Promise<void> {
  const begin = november(10, '00:00')
  await put('schedule_log', 'dataset at schedule because host selectors by', [
    [dataset, begin, 'auto', 'declaration', 'jao.example', [], 'test'],
    ['kraken.ticker', begin, 'auto', 'declaration', 'kraken.example', ['XBTUSD', 'ETHUSD'], 'test'],
  ])
  const expected = (day: number, declared: string, backdated = false) => {
    return [...named(day), declared, november(day - 1, '10:00'), november(day - 1, '10:30'), 24, backdated]
  }
  await put('expected_windows', `${nameColumns} declared_at expected_by late_after steps backdated`, [
    ...[16, 17, 18, 20, 21].map((day) => expected(day, begin)),
    expected(15, november(18, '00:00'), true),
  ])
  const state = (day: number, when: string, completeness: string, lane = 'live') => {
    return [...named(day), when, completeness === 'empty' ? 'empty' : 'changed', completeness, 0, false, when, lane]
  }
  await put('window_states', `${nameColumns} at outcome completeness failures empty_confirmed last_changed_at lane`, [
    state(15, november(18, '01:00'), 'complete', 'background'),
    state(16, november(15, '10:45'), 'complete'),
    state(17, november(16, '09:34'), 'complete'),
    state(17, november(16, '13:03'), 'complete'),
    state(18, november(17, '09:40'), 'partial'),
    state(20, november(19, '11:00'), 'empty'),
    state(21, november(20, '09:50'), 'complete'),
  ])
}

const answerColumns = `${nameColumns} identity replaces known_at stored_at transform_version points keys content_hash raw_partition raw_offset`

function answerOf(
  name: [string, string | null, string, string, string],
  known: string,
  { replaces = true, version = 2, points = 3, offset = 0, stored = known } = {},
) {
  const rest = [known, stored, version, points, 1, `hash ${offset}`, 0, offset]
  return [...name, identityNumber(name[4]), replaces, ...rest]
}

async function fillAnswers(): Promise<void> {
  const hour: [string, string] = [november(18, '05:00'), november(18, '06:00')]
  const page = (skip: number): [string, string, string, string, string] => {
    const window = { startMs: at(hour[0]), endMs: at(hour[1]) }
    return [constraints, `rows-${skip}`, ...hour, requestIdentity(constraints, window, `rows-${skip}`)]
  }
  const chunk = (second: string): [string, string, string, string, string] => {
    const url = 'file:///home/somebody/Votes.jsonl'
    return ['votes.votes', url, november(19, '08:00'), november(19, '08:01'), `votes.votes/${url}/${second}`]
  }
  await put('stored_answers', answerColumns, [
    answerOf(named(17), november(16, '09:00'), { version: 1, offset: 1, points: 4 }),
    answerOf(named(17), november(16, '09:34'), { offset: 2 }),
    answerOf(named(17), november(16, '13:03'), { offset: 3 }),
    answerOf(named(18), november(17, '09:40'), { offset: 4, points: 1 }),
    // It was known, and not in the store yet.
    answerOf(named(18), november(20, '11:00'), { offset: 5, points: 9, stored: november(20, '12:30') }),
    // Outside of the span of runs that is asked for.
    answerOf(named(15), november(18, '01:00'), { offset: 6 }),
    answerOf(named(16), november(15, '10:45'), { offset: 7 }),
    answerOf(named(21), november(20, '09:50'), { offset: 8 }),
    ...[0, 2_000].map((skip, index) =>
      answerOf(page(skip), november(18, `04:3${index}`), { points: 2_000 - index * 500, offset: 10 + index }),
    ),
    // The first page came again.
    answerOf(page(0), november(18, '04:50'), { points: 1_999, offset: 12 }),
    answerOf(chunk('1'), november(19, '08:10'), { replaces: false, points: 100, offset: 20 }),
    answerOf(chunk('2'), november(19, '08:59'), { replaces: false, points: 50, offset: 21 }),
    answerOf(chunk('3'), november(19, '09:00'), { replaces: false, points: 7, offset: 22 }),
  ])
  const point = (day: number, hourText: string, known: string, flags: string, offset: number, version = 2) => {
    const [, , start, end, identity] = named(day)
    const rest = [start, end, 3_600, flags, identityNumber(identity), offset, version]
    return [dataset, 'k', november(day, hourText), known, 1, ...rest]
  }
  const columns =
    'dataset key ts known_at value window_start window_end step_s flags identity raw_offset transform_version'
  await put('point_revisions', columns, [
    // The newest answer has no flag.
    point(17, '00:00', november(16, '09:34'), 'implausible', 2),
    point(17, '01:00', november(16, '13:03'), '', 3),
    point(18, '00:00', november(17, '09:40'), 'implausible odd', 4),
    point(18, '01:00', november(17, '09:40'), 'odd', 4),
    // An older explode saw another flag in the same answer.
    point(18, '02:00', november(17, '09:40'), 'old', 4, 1),
  ])
  const message = 'failed at http://10.0.0.7:9092 in /srv/tidemark'
  const letter = (offset: number, when: string, name: string, identity: string, reason: string) => {
    return [`${name.split('.')[0]}.dlq`, 0, offset, '', offset, when, name, reason, message, identity, 0, offset]
  }
  const letterColumns =
    'topic partition offset decision letter_offset at dataset reason message request_identity raw_partition raw_offset'
  await put('dead_letter_records', letterColumns, [
    letter(30, november(18, '10:00'), dataset, named(19)[4], 'schema'),
    letter(31, november(18, '11:00'), dataset, named(19)[4], 'type'),
    letter(32, november(19, '08:10'), 'votes.votes', chunk('1')[4], 'line'),
    letter(33, november(20, '12:10'), dataset, named(21)[4], 'schema'),
  ])
}

/** Twelve ticks of ten minutes of two pairs, of which one has no answer: 11:20 of XBTUSD. */
async function fillTicks(): Promise<void> {
  const pairs = ['XBTUSD', 'ETHUSD']
  const ticksOf = (pair: string, start: string, end: string): [string, string, string, string, string] => {
    return ['kraken.ticker', pair, start, end, `kraken.ticker/${pair}`]
  }
  await put(
    'expected_windows',
    `${nameColumns} declared_at every_s steps backdated`,
    pairs.map((pair) => [
      ...[...ticksOf(pair, november(20, '10:00'), november(20, '12:00')), november(10, '00:00'), 600, 12, false],
    ]),
  )
  const times = [10, 11].flatMap((hour) => [0, 1, 2, 3, 4, 5].map((ten) => november(20, `${hour}:${ten}0`)))
  const polled = pairs
    .flatMap((pair) => times.map((time) => ({ pair, time })))
    .filter(({ pair, time }) => pair !== 'XBTUSD' || time !== november(20, '11:20'))
  await put(
    'polls',
    `${nameColumns} fetched_at outcome completeness`,
    polled.map(({ pair, time }) => [...ticksOf(pair, time, time), time, 'changed', 'complete']),
  )
  await put(
    'stored_answers',
    answerColumns,
    polled.map(({ pair, time }, index) =>
      answerOf(ticksOf(pair, time, time), time, { replaces: false, points: 6, offset: 100 + index }),
    ),
  )
}

const keptRequest = { dataset: null, nowMs, upstream: 'live' } as const

test('what was kept: windows whose time has come in the last 30 local days, and those of them that were late', async () => {
  const all = await readKept(running.reader, keptRequest)
  const days = { at: '2026-11-20T11:59:20.000Z', from: '2026-10-22', to: '2026-11-20', upstream: 'live' } as const
  // 15, 16 and 17 are complete, 18 is partial, 20 is empty. Nobody asked for 19, and 21 is tomorrow. 16 was late.
  const atc: Kept = {
    ...{ ...days, of: 'windows', expected: 5, complete: 3, partial: 1, late: 3 },
    publication: { windows: 2, p50: '10:34', p95: '11:45', latest: '11:45' },
  }
  expect(all.get(dataset)).toEqual(atc)
  expect(all.get('kraken.ticker')).toEqual({
    // The ticks of 11:50 are not over.
    ...{ ...days, of: 'ticks', expected: 22, complete: 21, partial: 0, late: 1, publication: null },
  })
  expect(all.get('jao.core.lta')).toMatchObject({ expected: 0, complete: 0, late: 0, publication: null })
  expect(all.has('votes.votes')).toBe(false)
  expect(all.size).toBe(84)
  const one = await readKept(running.reader, { ...keptRequest, dataset, upstream: 'simulated' })
  expect([...one]).toEqual([[dataset, { ...atc, upstream: 'simulated' }]])
})

const runsRequest = { dataset: null, days: { from: '2026-11-17', to: '2026-11-20' }, nowMs, upstream: 'live' } as const

const base = { selector: null, upstream: 'live', flags: {}, reason: null, class: null, raw: null } as const
const day = (number: number) => ({ dataset, startMs: at(named(number)[2]), endMs: at(named(number)[3]) })
const hourFrom = (text: string) => ({ startMs: at(text), endMs: at(text) + 3_600_000 })
const rawAt = (offset: number, sha256: string | null = `hash ${offset}`) => ({ partition: 0, offset, sha256 })

const expectedRuns: Run[] = [
  // Two versions of explode read answers of the day; the newest answer of each counts.
  {
    ...{ ...base, ...day(17), outcome: 'complete', transformVersion: 1, atMs: at(november(16, '09:00')), answers: 1 },
    ...{ points: 4, raw: rawAt(1), class: 'complete' },
  },
  {
    ...{ ...base, ...day(17), outcome: 'complete', transformVersion: 2, atMs: at(november(16, '13:03')), answers: 2 },
    ...{ points: 3, raw: rawAt(3), class: 'complete' },
  },
  {
    ...{ ...base, ...day(18), outcome: 'complete', transformVersion: 2, atMs: at(november(17, '09:40')), answers: 1 },
    ...{ points: 1, raw: rawAt(4), class: 'partial', flags: { implausible: 1, odd: 2 } },
  },
  {
    ...{ ...base, ...day(19), outcome: 'failed', transformVersion: null, atMs: at(november(18, '11:00')), answers: 2 },
    ...{ points: 0, raw: rawAt(31, null), reason: 'type' },
  },
  // Two pages, of which one came twice: 1,999 and 1,500 records. Nobody has said how the dataset is collected.
  {
    ...{ ...base, dataset: constraints, ...hourFrom(november(18, '05:00')), outcome: 'complete', transformVersion: 2 },
    ...{ atMs: at(november(18, '04:50')), answers: 3, points: 3_499, raw: rawAt(12), class: 'unknown' },
  },
  // The hour from 11:00 is not over.
  {
    ...{ ...base, dataset: 'kraken.ticker', ...hourFrom(november(20, '10:00')), outcome: 'complete' },
    ...{ transformVersion: 2, atMs: at(november(20, '10:50')), answers: 12, points: 72, class: 'complete' },
  },
  {
    ...{ ...base, dataset: 'votes.votes', ...hourFrom(november(19, '08:00')), outcome: 'complete' },
    ...{ transformVersion: 2, atMs: at(november(19, '08:59')), answers: 2, points: 150 },
  },
  {
    ...{ ...base, dataset: 'votes.votes', ...hourFrom(november(19, '08:00')), outcome: 'failed' },
    ...{ transformVersion: null, atMs: at(november(19, '08:10')), answers: 1, points: 0, reason: 'line' },
  },
  {
    ...{ ...base, dataset: 'votes.votes', ...hourFrom(november(19, '09:00')), outcome: 'complete' },
    ...{ transformVersion: 2, atMs: at(november(19, '09:00')), answers: 1, points: 7 },
  },
]

test('runs: one a window, version and outcome; ticks and files by the hour; what came later is not there', async () => {
  const runs = await readRuns(running.reader, runsRequest)
  expect(runs).toEqual(expectedRuns)
  expect(await readRuns(running.reader, { ...runsRequest, dataset: 'votes.votes' })).toEqual(expectedRuns.slice(-3))
})

test('without days the runs of the last 30 local days are there, with today and tomorrow of Brussels', async () => {
  const starts = async (now: string) =>
    (await readRuns(running.reader, { dataset, days: null, nowMs: at(now), upstream: 'live' }))
      .filter(({ outcome }) => outcome === 'complete')
      .map(({ startMs }) => new Date(startMs).toISOString().slice(0, 16))
  // The answer of day 21 was known on day 20.
  expect((await starts(november(20, '12:00'))).at(-1)).toBe('2026-11-20T23:00')
  // It is day 21 in Brussels, and day 20 in UTC.
  expect((await starts(november(20, '23:30'))).at(-1)).toBe('2026-11-20T23:00')
  // Day 15 is the first of 30 days that end on December 14.
  expect((await starts('2026-12-13T23:30:00.000Z'))[0]).toBe('2026-11-14T23:00')
  expect((await starts('2026-12-14T23:30:00.000Z'))[0]).toBe('2026-11-15T23:00')
})

test('the events of runs are valid, the same when they are read again, and name no file, path or host of a message', async () => {
  const faultsOf = openLineageValidator()
  const nowhere = { url: null, kafka: null, clickhouse: null }
  const read = async () =>
    (await readRuns(running.reader, runsRequest)).map((run) => runEvent(datasetsByName.get(run.dataset)!, run, nowhere))
  const events = await read()
  expect(events.flatMap(faultsOf)).toEqual([])
  expect(await read()).toEqual(events)
  const ids = events.map((event) => (event as { run: { runId: string } }).run.runId)
  expect(new Set(ids).size).toBe(expectedRuns.length)
  expect(JSON.stringify(events)).not.toMatch(/file:|somebody|10\.0\.0\.7|srv/)
})

test('the view latest has the columns that contracts promise', async () => {
  const result = await running.reader.query({ query: 'DESCRIBE tidemark.latest', format: 'JSONEachRow' })
  const columns = await result.json<{ name: string; type: string }>()
  const [latest] = readableObjects(datasetsByName.get(dataset)!)
  expect(latest?.fields.map(({ name, physicalType }) => ({ name, type: physicalType }))).toEqual(
    columns.map(({ name, type }) => ({ name, type })),
  )
})
