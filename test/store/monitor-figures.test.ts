// What the monitor reads from the store, besides the view completeness.
import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type ExpectationParts, expectationDeclarer } from '#core/declare-expectations.ts'
import { requestIdentity } from '#core/request-identity.ts'
import { migrations } from '#infra/clickhouse/migrations.ts'
import { insert } from '#platform/clickhouse/client.ts'
import { removeRows, storeDeletion } from '#platform/clickhouse/deletions.ts'
import { migrate } from '#platform/clickhouse/migrate.ts'
import { qualityFindingsTable } from '#schemas/completeness-tables.ts'
import type { QualityFinding } from '#schemas/generated/records.ts'
import { evaluate } from '#services/monitor/evaluate.ts'
import { createPointCheck, type PointFigures } from '#services/monitor/point-check.ts'
import { qualityRounds } from '#services/monitor/quality.ts'
import { touchedByReplays } from '#services/monitor/quality-questions.ts'
import { storeFigures } from '#services/monitor/store-figures.ts'
import { storedClock } from '#services/monitor/stored-clock.ts'
import { insertReadings, reading } from './readings.ts'
import { type RunningStore, startStore } from './running-store.ts'
import { acceptedAnswer, insertAnswers, insertSlices, slice } from './slices.ts'

let running: RunningStore
beforeAll(async () => {
  running = await startStore()
  await migrate(running.store, migrations)
})
afterAll(() => running?.stop())

describe('points of accepted answers', () => {
  const knownAt = (day: number) => Date.parse('2026-01-01T08:00Z') + day * 24 * 3_600_000
  const whole = reading({ dataset: 'made.parts', replaces: false, keys: { a: 3, b: 2 } })
  const history = [
    ...Array.from({ length: 5 }, (_, day) => reading({ dataset: 'made.old', knownAt: knownAt(day), offset: day })),
    // A part of an answer that was sent back, and bytes that lie in raw twice.
    ...[whole, { ...whole, contentHash: 'c', offset: 2, transformVersion: 2, keys: { c: 3 } }, { ...whole, offset: 9 }],
    reading({ dataset: 'made.deleted' }),
  ]
  const none = { 'made.deleted': 0, 'made.old': 0, 'made.parts': 0 }
  const warnings: string[] = []
  const warn = (about: object) => void warnings.push(JSON.stringify(about))
  let step: () => Promise<PointFigures>
  const shown = async () =>
    Object.fromEntries([...(await step()).unaccounted].filter(([dataset]) => dataset.startsWith('made.')))
  const untilShown = async (expected: Record<string, number>): Promise<void> => {
    while (!isDeepStrictEqual(await shown(), expected));
  }
  const remove = (condition: string) =>
    running.store.command({ query: `DELETE FROM tidemark.point_revisions WHERE ${condition}` })

  beforeAll(async () => {
    await insertReadings(running.store, history)
    // A bound that cuts a window: of its answer, some points are deleted.
    const bound = { dataset: 'made.deleted', before: history[0]!.windowStart + 3_600_000, at: 1, by: 'test', why: '' }
    await storeDeletion(running.store, bound)
    await removeRows(running.store, bound)
    const parts = {
      store: running.store,
      missingOf: async ({ missing }: { missing: number }) => missing,
      log: { warn },
    }
    step = createPointCheck({
      ...parts,
      storedNow: storedClock(running.store),
      limits: { answers: 3, points: 100 },
      settleMs: 0,
    })
  })

  test('parts, repeated bytes and deletions leave nothing unaccounted for', async () => {
    while ((await step()).comparedAtMs === undefined);
    expect(await shown()).toEqual(none)
  })

  test('a row that was deleted by hand is found in old history, and accounted for when it is stored again', async () => {
    await remove(`dataset = 'made.old' AND ts = '2026-01-01 01:00:00' AND known_at = '2026-01-03 08:00:00'`)
    await untilShown({ ...none, 'made.old': 1 })
    await insertReadings(running.store, [history[2]!])
    await untilShown(none)
  })

  test('an answer that is stored now is compared before the next round, and counts once', async () => {
    const answer = { ...history[0]!, dataset: 'made.new', knownAt: knownAt(9) }
    await insertReadings(running.store, [answer])
    await remove(`dataset = 'made.new' AND ts > '2026-01-01 00:00:00'`)
    await untilShown({ ...none, 'made.new': 2 })
    // A walk finds it, too.
    for (let steps = 0; steps < 3; steps++) expect(await shown()).toEqual({ ...none, 'made.new': 2 })
    await insertReadings(running.store, [answer])
    await untilShown({ ...none, 'made.new': 0 })
  })

  test('what cannot be compared has no figure, and the log says so', async () => {
    expect(warnings).toEqual([])
    const rename = (from: string, to: string) =>
      running.store.command({ query: `RENAME TABLE tidemark.${from} TO tidemark.${to}` })
    await rename('point_revisions', 'away')
    await untilShown({})
    expect(warnings.join()).toContain('made.old')
    await rename('away', 'point_revisions')
    await untilShown({ ...none, 'made.new': 0 })
  })
})

const put = (table: string, columns: string[], rows: unknown[][]) => insert(running.store, table, columns, rows)
const hour = (time: string) => Date.parse(`2026-04-20T${time}Z`)
const utc = (ms: number) => new Date(ms).toISOString()

const names = ['dataset', 'window_start', 'window_end', 'request_identity']
/** Windows of an hour from 12:00 on, by number. */
const windowOf = (nth: number): [string, string, string, string] => {
  const startMs = hour('12:00:00') + nth * 3_600_000
  const window = { startMs, endMs: startMs + 3_600_000 }
  return ['a.b', utc(window.startMs), utc(window.endMs), requestIdentity('a.b', window)]
}

test('a window that becomes complete for the first time, and was watched, says by how much it was late', async () => {
  await put(
    'schedule_log',
    ['dataset', 'at', 'schedule', 'because', 'host', 'selectors', 'by'],
    [['a.b', utc(hour('08:00:00')), 'auto', 'declaration', 'h', [], 'test']],
  )
  const expectedBy = utc(hour('10:00:00'))
  await put(
    'expected_windows',
    [...names, 'declared_at', 'expected_by', 'late_after', 'backdated'],
    [0, 1, 2, 3].map((nth) => {
      const declaredAt = utc(hour(nth === 2 ? '20:00:00' : '08:00:00'))
      return [...windowOf(nth), declaredAt, expectedBy, expectedBy, false]
    }),
  )
  const states: [nth: number, at: string, completeness: string][] = [
    [0, '10:25:00', 'complete'],
    [1, '09:59:00', 'complete'],
    // Not watched: it was declared after it was over.
    [2, '11:00:00', 'complete'],
    // Complete, partial, and complete again: that is not its publication.
    [3, '09:00:00', 'complete'],
    [3, '11:00:00', 'partial'],
    [3, '12:00:00', 'complete'],
  ]
  await put(
    'window_states',
    [...names, 'at', 'outcome', 'completeness', 'empty_confirmed', 'failures'],
    states.map(([nth, at, completeness]) => [...windowOf(nth), utc(hour(at)), 'changed', completeness, false, 0]),
  )
  const { changes } = await evaluate(running.store, hour('23:00:00'))
  const delays = new Map(changes.map(({ record, publicationDelayS }) => [record.requestIdentity, publicationDelayS]))
  expect([0, 1, 2, 3].map((nth) => delays.get(windowOf(nth)[3]))).toEqual([1_500, -60, null, null])
})

test('the figures are what is parked, what was refused, what was stored since, and the space on disk', async () => {
  const read = storeFigures(running.store, storedClock(running.store))
  const first = await read()
  expect(first).toMatchObject({ parked: [], openLetters: new Map(), answers: [] })
  for (const { freeBytes, totalBytes } of first.disks) {
    expect(freeBytes).toBeGreaterThan(0)
    expect(totalBytes).toBeGreaterThan(freeBytes)
  }
  expect(first.disks.length).toBeGreaterThan(0)

  const parkings = [
    ['a.b', 'parked', 1],
    ['a.c', 'parked', 2],
    ['a.c', 'released', 3],
  ]
  await put(
    'parking_log',
    ['dataset', 'at', 'state', 'reason', 'message', 'by', 'offset'],
    parkings.map(([dataset, state, offset]) => [dataset, utc(hour('10:00:00')), state, 'type', 'm', 'test', offset]),
  )
  const letter = (offset: number, decision: string, letterOffset: number) => [
    'a.dlq',
    0,
    offset,
    decision,
    letterOffset,
    utc(hour('10:00:00')),
    'a.b',
    'type',
    'm',
    's',
    '1',
    1,
    '',
    '',
  ]
  const columns = ['topic', 'partition', 'offset', 'decision', 'letter_offset', 'at', 'dataset', 'reason', 'message']
  await put(
    'dead_letter_records',
    [...columns, 'service', 'version', 'attempts', 'by', 'why'],
    [letter(0, '', 0), letter(1, '', 1), letter(2, 'dropped', 1)],
  )
  const knownAtMs = hour('11:00:00')
  await put(
    'accepted_answers',
    [
      ...['replaces', 'dataset', 'identity', 'request_identity', 'window_start', 'window_end', 'known_at'],
      ...['transform_version', 'points', 'keys', 'content_hash', 'raw_partition', 'raw_offset'],
    ],
    [[true, 'a.b', 5, windowOf(0)[3], windowOf(0)[1], windowOf(0)[2], utc(knownAtMs), 1, 24, 1, 'x', 0, 7]],
  )
  // A reading leaves out what was stored in the past seconds.
  const second = await vi.waitFor(
    async () => {
      const figures = await read()
      expect(figures.answers.length).toBe(1)
      return figures
    },
    { timeout: 60_000, interval: 500 },
  )
  expect(second).toMatchObject({ parked: ['a.b'], openLetters: new Map([['a.dlq', 1]]) })
  expect(second.answers).toMatchObject([{ dataset: 'a.b', knownAtMs }])
  expect((await read()).answers).toEqual([])
})

// The checks across answers, on what real declarations say: a market of Kraken whose price is frozen, the cable COBRA above its
// rating, and a day with few rows.
const [ticker, netPos, exchanges] = ['kraken.ticker', 'jao.core.netPos', 'jao.core.maxExchanges'] as const
const tickMs = (nth: number) => hour('10:00:00') + nth * 10_000
const dayMs = (nth: number) => hour('22:00:00') + (nth - 10) * 86_400_000

async function tellTicks(
  first: number,
  count: number,
  last: (nth: number) => number,
  transformVersion = 3,
): Promise<void> {
  const nths = Array.from({ length: count }, (_, index) => first + index)
  const slices = nths.flatMap((nth) => {
    // XXBTZUSD: a trade a tick, at other prices than the last one that is told. XETHZUSD: trades at a price that stands still.
    const values = { 'XXBTZUSD.last': last(nth), 'XXBTZUSD.trades': nth, 'XXBTZUSD.bid': 101, 'XXBTZUSD.ask': 102 }
    const honest = { 'XETHZUSD.last': 10, 'XETHZUSD.trades': nth, 'XETHZUSD.bid': 10, 'XETHZUSD.ask': 11 }
    return Object.entries({ ...values, ...honest }).map(([key, value]) =>
      slice({
        ...{ dataset: ticker, key, start: utc(tickMs(nth)), stepS: 10, knownAt: utc(tickMs(nth) + 500) },
        values: [value],
        transformVersion,
      }),
    )
  })
  await insertSlices(running.store, slices)
  const answers = nths.map((nth) => ({
    windowStart: tickMs(nth),
    windowEnd: tickMs(nth + 1),
    knownAt: tickMs(nth) + 500,
    raw: { partition: 0, offset: nth },
  }))
  await insertAnswers(
    running.store,
    answers.map((answer) =>
      acceptedAnswer({ dataset: ticker, identity: 3, transformVersion, replaces: false, points: 8, ...answer }),
    ),
  )
}

async function tellDay(dataset: string, nth: number, points: number, cobra: number[], knownAt: string): Promise<void> {
  const [windowStart, windowEnd] = [dayMs(nth), dayMs(nth + 1)]
  const answer = {
    dataset,
    identity: 100 + nth,
    windowStart,
    windowEnd,
    knownAt: Date.parse(knownAt),
    transformVersion: 3,
    points,
  }
  const key = 'hub_NL_DK1_COBRA'
  if (cobra.length > 0)
    await insertSlices(running.store, [
      slice({
        dataset,
        key,
        identity: 100 + nth,
        start: utc(windowStart),
        windowEnd: utc(windowEnd),
        stepS: 900,
        values: cobra,
        knownAt,
        transformVersion: 3,
      }),
    ])
  await insertAnswers(running.store, [acceptedAnswer(answer)])
}

test('findings are published once, grow, and are withdrawn when the data is corrected, read again or deleted', async () => {
  const sent: QualityFinding[] = []
  let storedTo = 0
  // Stores what was sent, as the sink does.
  const storeSent = async () => {
    const { table, columns, row } = qualityFindingsTable
    const rows = sent.slice(storedTo).map((finding, index) => row(finding, storedTo + index))
    await insert(running.store, table, columns, rows)
    storedTo = sent.length
  }
  let isSinkAway = false
  const producer = {
    send: async (_topic: string, records: { value: Buffer | null }[]) => {
      sent.push(...records.map(({ value }): QualityFinding => JSON.parse(`${value}`)))
      if (!isSinkAway) await storeSent()
      return []
    },
  }
  const counts: string[] = []
  const begin = () =>
    qualityRounds({
      store: running.store,
      storedNow: storedClock(running.store),
      ...{ producer, encode: (finding) => Buffer.from(JSON.stringify(finding)) },
      clock: { now: () => ({ nowMs: hour('23:00:00'), monotonicMs: 0 }) },
      metrics: {
        showFindings: (rows) =>
          counts.splice(0, 9, ...rows.map(({ dataset, check, findings }) => `${dataset} ${check} ${findings}`).sort()),
      },
      log: { info: () => {}, warn: () => {} },
    })
  let round = begin()
  /** The records of a round, without instants of the round itself. */
  const newOf = async () => {
    const before = sent.length
    await round()
    return sent
      .slice(before)
      .map(({ check, key, from, to, evidence, withdrawnAt }) => [check, key, from, to, evidence, withdrawnAt === null])
  }
  const frozen = (last: number) => [
    'frozen',
    'XXBTZUSD.last',
    tickMs(0),
    tickMs(last),
    { value: 100, ticks: last + 1, grown: last },
    true,
  ]
  const beyond = [
    'jump',
    'hub_NL_DK1_COBRA',
    dayMs(0) + 900_000,
    dayMs(0) + 2_700_000,
    { value: 760, limit: 735, steps: 2 },
  ]
  const few = ['few-rows', '', dayMs(7), dayMs(8), { rows: 23, usual: 48 }]
  const inOrder = (records: unknown[][]) => records.toSorted(([one], [other]) => (`${one}` < `${other}` ? -1 : 1))

  await tellTicks(0, 29, () => 100)
  for (let nth = 0; nth < 8; nth++) await tellDay(exchanges, nth, nth === 7 ? 23 : 48, [], '2026-04-19T10:00:00Z')
  await tellDay(netPos, 0, 4, [735, 740, 760, 700], '2026-04-19T10:00:00Z')
  expect(inOrder(await newOf())).toEqual([
    [...few, true],
    [...beyond, true],
  ])
  // 30 ticks make it frozen. A further one extends the finding; it was found when it was found first.
  await tellTicks(29, 1, () => 100)
  expect(await newOf()).toEqual([frozen(29)])
  await tellTicks(30, 1, () => 100)
  expect(await newOf()).toEqual([frozen(30)])
  expect(sent.at(-1)?.foundAt).toBe(sent.at(-2)?.foundAt)
  expect(sent.at(-1)?.at).toBeGreaterThan(sent.at(-2)!.at)
  expect(counts).toEqual([`${exchanges} few-rows 1`, `${netPos} jump 1`, `${ticker} frozen 1`])
  expect(await newOf()).toEqual([])
  round = begin()
  expect(await newOf()).toEqual([])

  // Later answers correct both days. Another transform reads another price, and a replay says so.
  await tellDay(netPos, 0, 4, [700, 700, 700, 700], '2026-04-19T11:00:00Z')
  await tellDay(exchanges, 7, 48, [], '2026-04-19T11:00:00Z')
  expect(inOrder(await newOf())).toEqual([
    [...few, false],
    [...beyond, false],
  ])
  await tellTicks(0, 20, (nth) => 101 + (nth % 2), 4)
  const replay = [
    'r',
    'replay',
    ticker,
    'finished',
    'w',
    'w',
    utc(hour('12:00:00')),
    utc(hour('12:01:00')),
    3,
    4,
    [],
    {},
    '',
  ]
  await put(
    'replays',
    [
      'id',
      'kind',
      'dataset',
      'state',
      'who',
      'why',
      'started_at',
      'at',
      'from_version',
      'to_version',
      'spans',
      'counts',
      'message',
    ],
    [replay],
  )
  const hourOfTicks = { dataset: ticker, fromMs: tickMs(0), toMs: tickMs(31) }
  const names = [ticker, netPos]
  expect(await touchedByReplays(running.store, names, 0)).toEqual({ ranges: [hourOfTicks], newestMs: hour('12:01:00') })
  expect(await touchedByReplays(running.store, names, hour('12:01:00'))).toMatchObject({ ranges: [] })
  expect(await newOf()).toEqual([[...frozen(30).slice(0, 5), false]])
  expect(counts).toEqual([])

  // What is found again after it was withdrawn holds again, until its data is deleted. While the sink is away, nothing is sent twice.
  isSinkAway = true
  await tellDay(netPos, 0, 4, [735, 740, 760, 700], '2026-04-19T12:00:00Z')
  expect(await newOf()).toEqual([[...beyond, true]])
  expect(await newOf()).toEqual([])
  await storeSent()
  isSinkAway = false
  await storeDeletion(running.store, {
    dataset: netPos,
    before: dayMs(1),
    at: hour('12:00:00'),
    by: 'test',
    why: 'test',
  })
  expect(await newOf()).toEqual([[...beyond, false]])
  expect(await newOf()).toEqual([])
})

test('what is new in the store is asked for by the clock by which answers are stored', async () => {
  const march = Date.parse('2025-03-08T10:00:00Z')
  const simulated = (speed: number) => ({
    now: () => ({ nowMs: march, monotonicMs: 0 }),
    spanMs: (ms: number) => ms * speed,
  })
  expect(await storedClock(running.store, simulated(60))(5_000)).toBe(march - 300_000)
  expect(await storedClock(running.store, simulated(0))(5_000)).toBe(march)
  const beganMs = Date.now()
  const ago = await storedClock(running.store)(60_000)
  expect(ago).toBeGreaterThanOrEqual(beganMs - 60_001)
  expect(ago).toBeLessThanOrEqual(Date.now() - 59_999)
})

test('a window that was asked for before it was declared does not change what was known of it until now', async () => {
  const dataset = 'jao.core.maxExchanges'
  const day = (nth: number) => Date.parse(`2026-04-${nth}T22:00:00Z`)
  const identityOf = (nth: number) => requestIdentity(dataset, { startMs: day(nth - 1), endMs: day(nth) })
  const name = (nth: number) => [dataset, utc(day(nth - 1)), utc(day(nth)), identityOf(nth)]
  await put('expected_windows', [...names, 'declared_at', 'backdated'], [[...name(19), utc(hour('06:00:00')), false]])
  await put(
    'window_states',
    [...names, 'at', 'outcome', 'completeness', 'empty_confirmed', 'failures'],
    [
      [...name(16), utc(hour('05:59:59')), 'changed', 'complete', false, 0],
      [...name(17), utc(hour('06:00:00')), 'changed', 'complete', false, 0],
    ],
  )
  const sent: { requestIdentity: string; declaredAt: number; backdated: boolean }[] = []
  const parts = {
    ...{ store: running.store, hosts: [], overrides: new Map(), by: 'test' },
    producer: {
      send: async (_: string, records: { value: unknown }[]) =>
        void sent.push(...records.map(({ value }) => value as never)),
    },
    registry: { encoder: async () => (record: unknown) => record },
  } as unknown as ExpectationParts
  const declare = await expectationDeclarer(parts)
  await declare(hour('12:00:00'))
  const of = (nth: number) => sent.find((each) => each.requestIdentity === identityOf(nth))
  // Nobody declared anything when the 16th was polled.
  expect(of(16)).toMatchObject({ declaredAt: hour('05:59:59'), backdated: true })
  expect(of(17)).toMatchObject({ declaredAt: hour('12:00:00'), backdated: false })
})
