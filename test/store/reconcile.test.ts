// Histories that are stored as the sink stores them, of which rows are then removed by hand. What must be found is
// computed here from the same histories.
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { everKnown } from '#core/reconcile/answer-spans.ts'
import { unaccountedPoints } from '#core/reconcile/unaccounted-points.ts'
import { migrations } from '#infra/clickhouse/migrations.ts'
import { erase } from '#operations/history/erase.ts'
import { type ReconcileParts, reconcile } from '#operations/reconcile/reconcile.ts'
import { removeRows, storeDeletion } from '#platform/clickhouse/deletions.ts'
import { migrate } from '#platform/clickhouse/migrate.ts'
import { createLogger } from '#platform/process/log.ts'
import { createPointCheck, type PointFigures } from '#services/monitor/point-check.ts'
import { storedClock } from '#services/monitor/stored-clock.ts'
import { faults } from '../support/long-tests.ts'
import { insertReadings, type Reading, reading, windowMs } from './readings.ts'
import { type RunningStore, startStore } from './running-store.ts'
import { insertSlices, lines, slice } from './slices.ts'

let running: RunningStore
beforeAll(async () => {
  running = await startStore()
  await migrate(running.store, migrations)
})
afterAll(() => running?.stop())

const hourMs = 3_600_000
const at = (text: string) => Date.parse(`${text}Z`)
const command = (query: string) =>
  running.store.command({ query, clickhouse_settings: { mutations_sync: '2' } as never })
const store = (readings: readonly Reading[]) => insertReadings(running.store, readings)
/** Kafka and the registry are not needed for datasets that no source declares. */
const check = async (dataset?: string, known = everKnown) =>
  (await reconcile({ store: running.store } as ReconcileParts, { dataset, known })).balances
const always = { storedFromMs: 0, storedToMs: at('2100-01-01') }

// Random histories

const keys = fc.dictionary(fc.constantFrom('a', 'b'), fc.integer({ min: 1, max: 4 }), { minKeys: 1 })
const answer = fc.record({
  window: fc.nat({ max: 2 }),
  keys,
  /** Whether the same bytes lie in raw twice, as after a dead letter was sent back. */
  twice: fc.constantFrom(false, false, true),
  /** What newer code makes of the answer; undefined: it refuses it. */
  newer: fc.option(keys, { nil: undefined }),
})
const history = fc.record({
  answers: fc.array(answer, { minLength: 1, maxLength: 6 }),
  replaces: fc.boolean(),
  /** A replay by newer code: none, one that has stored a part of its output, or one that has finished. */
  replay: fc.constantFrom('none', 'none', 'none', 'running', 'running', 'finished'),
  /** What is deleted: nothing, the first window, or a half of the second window, too. */
  deletedHours: fc.constantFrom(0, 0, 0, 4, 6),
  removed: fc.array(fc.nat(), { maxLength: 3 }),
})
type History = typeof history extends fc.Arbitrary<infer Each> ? Each : never

// The known_at of an answer lie in two years, so in two partitions.
const firstKnownAt = at('2024-12-31T23:59:57')
const windowStarts = [0, 1, 2].map((index) => at('2024-12-31T20:00') + index * windowMs)

function readingsOf(dataset: string, { answers, replaces, replay }: History) {
  const old = answers.flatMap(({ window, keys, twice }, index): Reading[] => {
    const one = reading({
      ...{ dataset, keys, replaces, identity: replaces ? window + 1 : 7, windowStart: windowStarts[window]! },
      ...{ knownAt: firstKnownAt + index * 1_000, offset: index, contentHash: `${index}` },
    })
    return twice ? [one, { ...one, offset: index + 100 }] : [one]
  })
  const again = old.flatMap((each) => {
    const { newer } = answers[each.offset % 100]!
    return newer ? [{ ...each, keys: newer, transformVersion: 2 }] : []
  })
  if (replay === 'none') return { old, again: [] }
  return { old, again: replay === 'running' ? again.slice(0, 2) : again }
}

/** What must be found of a dataset, by hand: the greatest version of each answer against the rows that are there. */
function expected({ old, again }: ReturnType<typeof readingsOf>, { replay, deletedHours, removed }: History) {
  const bound = deletedHours === 0 ? 0 : windowStarts[0]! + deletedHours * hourMs
  const isErased = ({ transformVersion }: Reading) => replay === 'finished' && transformVersion < 2
  const told = [...old, ...again].filter((each) => !isErased(each) && each.windowStart + windowMs > bound)
  const rows = new Map<string, { knownAt: number; version: number }>()
  for (const { windowStart, knownAt, transformVersion, keys } of told)
    for (const [key, length] of Object.entries(keys))
      for (let hour = 0; hour < length; hour++) {
        const ts = windowStart + hour * hourMs
        if (ts >= bound) rows.set(`${key} ${ts} ${knownAt}`, { knownAt, version: transformVersion })
      }
  const gone = [...rows.keys()].filter((_, index) => removed.some((each) => each % rows.size === index))
  const left = [...rows].filter(([name]) => !gone.includes(name)).map(([, row]) => row)
  const answers = [...Map.groupBy(told, ({ knownAt }) => knownAt).values()].map((same) => {
    const newest = same.reduce((one, other) => (other.transformVersion > one.transformVersion ? other : one))
    const ofIt = left.filter(({ knownAt }) => knownAt === newest.knownAt)
    const found = ofIt.filter(({ version }) => version >= newest.transformVersion).length
    const points = Object.values(newest.keys).reduce((sum, length) => sum + length, 0)
    return { ...newest, points, found, surplus: ofIt.length - found + Math.max(0, found - points) }
  })
  const whole = answers.filter(({ windowStart }) => windowStart >= bound)
  const sum = (of: (each: (typeof whole)[number]) => number) => whole.reduce((total, each) => total + of(each), 0)
  return {
    gone,
    tally: {
      ...{ answers: whole.length, cutAnswers: answers.length - whole.length },
      ...{ expected: sum(({ points }) => points), found: sum(({ found }) => found) },
      ...{ missing: sum(({ points, found }) => Math.max(0, points - found)), surplus: sum(({ surplus }) => surplus) },
    },
    lacking: whole
      .filter(({ points, found }) => found < points)
      .map(({ knownAt, points, found }) => ({ knownAtMs: knownAt, expected: points, found })),
  }
}

/** What the monitor shows when it has compared everything once. */
async function figuresOfMonitor(): Promise<PointFigures['unaccounted']> {
  const log = createLogger('test', 'silent')
  const step = createPointCheck({
    store: running.store,
    storedNow: storedClock(running.store),
    missingOf: async ({ missing }) => missing,
    log,
    settleMs: 0,
  })
  for (;;) {
    const { unaccounted, comparedAtMs } = await step()
    if (comparedAtMs !== undefined) return unaccounted
  }
}

let run = 0

test('of random histories exactly what was removed by hand is missing', {
  timeout: faults ? 1_800_000 : 120_000,
}, async () => {
  const checkAll = async (histories: History[]) => {
    run++
    const all = histories.map((told, index) => {
      const dataset = `made.${run}.${index}`
      const readings = readingsOf(dataset, told)
      return { told, dataset, readings, ...expected(readings, told) }
    })
    // The first bound comes after the rows, the others before them.
    const bounds = all
      .filter(({ told }) => told.deletedHours > 0)
      .map(({ dataset, told }) => {
        return { dataset, before: windowStarts[0]! + told.deletedHours * hourMs, at: run, by: 'test', why: '' }
      })
    for (const bound of bounds.slice(1)) await storeDeletion(running.store, bound)
    await store(all.flatMap(({ readings }) => readings.old))
    await store(all.flatMap(({ readings }) => readings.again))
    for (const { dataset } of all.filter(({ told }) => told.replay === 'finished')) {
      const span = { topic: 'raw', partition: 0, from: 0, to: 200 }
      const scope = {
        dataset,
        windows: { fromMs: null, toMs: null },
        spans: [span],
        transformVersion: 2,
        ownTables: [],
      }
      await erase(running.store, scope, `erasing_${run}`)
    }
    for (const bound of bounds.slice(0, 1)) {
      await storeDeletion(running.store, bound)
      await removeRows(running.store, bound)
    }
    const rows = all.flatMap(({ dataset, gone }) =>
      gone.map((name) => {
        const [key, ts, knownAt] = name.split(' ')
        return `('${dataset}', '${key}', ${Number(ts) / 1000}, ${knownAt})`
      }),
    )
    if (rows.length > 0)
      await command(`ALTER TABLE tidemark.point_revisions DELETE
        WHERE (dataset, key, toUnixTimestamp(ts), toUnixTimestamp64Milli(known_at)) IN (${rows.join(', ')})`)
    const figures = faults ? await figuresOfMonitor() : undefined
    const byDataset = new Map((await unaccountedPoints(running.store, always)).map((each) => [each.dataset, each]))
    for (const { dataset, tally, lacking } of all) {
      const [found] = await check(dataset)
      expect({ dataset, ...found }).toMatchObject({
        ...tally,
        lostAnswers: { answers: 0, points: 0 },
        waitingPoints: 0,
      })
      expect(found!.incomplete.toSorted((one, other) => one.knownAtMs - other.knownAtMs)).toMatchObject(lacking)
      if (figures) expect({ dataset, missing: figures.get(dataset) ?? 0 }).toEqual({ dataset, missing: tally.missing })
      if (tally.answers + tally.cutAnswers > 0) expect(byDataset.get(dataset)).toMatchObject(tally)
    }
  }
  await fc.assert(fc.asyncProperty(fc.array(history, { minLength: 8, maxLength: 8 }), checkAll), {
    numRuns: faults ? 12 : 1,
    endOnFailure: true,
  })
})

test('a row or an answer that is removed by hand is named, with its place in raw; what is known at other times is not read', async () => {
  const [first, second] = [
    reading({ offset: 4 }),
    reading({ knownAt: at('2026-01-02T09:00'), offset: 5, keys: { a: 2 } }),
  ]
  await store([first, second])
  // Values of an older release have no request identity, so no answer is looked for.
  await insertSlices(running.store, [
    slice({ dataset: first.dataset, start: '2026-01-01', values: [1], knownAt: '2025-12-31' }),
  ])
  const complete = { missing: 0, surplus: 0, incomplete: [], repair: null }
  expect(await check(first.dataset)).toMatchObject([{ ...complete, answers: 2, expected: 5, found: 5 }])
  await command(`ALTER TABLE tidemark.point_revisions DELETE
    WHERE dataset = '${first.dataset}' AND ts = '2026-01-01 01:00:00' AND known_at = '2026-01-02 09:00:00'`)
  const lacking = {
    ...{ requestIdentity: `${first.dataset}/1`, identity: 1, knownAtMs: second.knownAt, partition: 0, offset: 5 },
    ...{ windowStartMs: second.windowStart, lacks: 'points', expected: 2, found: 1, missing: 1 },
  }
  expect(await check(first.dataset)).toMatchObject([{ missing: 1, lackingAnswers: 1, incomplete: [lacking] }])
  const until = (text: string) => ({ fromMs: 0, toMs: at(text) })
  expect(await check(first.dataset, until('2026-01-02T08:59:59.999'))).toMatchObject([{ ...complete, answers: 1 }])
  expect(await check(first.dataset, until('2026-01-02T09:00'))).toMatchObject([{ missing: 1, answers: 2 }])

  await command(`ALTER TABLE tidemark.stored_answers DELETE WHERE dataset = '${first.dataset}' AND raw_offset = 4`)
  const lost = {
    ...{ requestIdentity: null, identity: 1, knownAtMs: first.knownAt, partition: 0, offset: 4, lacks: 'answer' },
    ...{ windowStartMs: first.windowStart, expected: null, found: 3 },
  }
  const found = { missing: 1, lostAnswers: { answers: 1, points: 3 }, incomplete: [lacking, lost] }
  expect(await check(first.dataset)).toMatchObject([found])
  // Whoever stores both again repairs it.
  await store([first, second])
  expect(await check(first.dataset)).toMatchObject([{ ...complete, expected: 5 }])
})

test('parts that were sent back add to their answer, and the replay of all of them does not', async () => {
  const dataset = 'made.parts'
  const whole = reading({ dataset, replaces: false, keys: { a: 3, b: 2 } })
  // The second part names the points of b again, and one more.
  const parts = [
    { ...whole, contentHash: 'c', offset: 2, transformVersion: 2, keys: { c: 3 } },
    { ...whole, contentHash: 'b', offset: 3, transformVersion: 2, keys: { b: 3 } },
  ]
  await store([whole, ...parts])
  expect(await check(dataset)).toMatchObject([{ answers: 1, found: 9, missing: 0, surplus: 0 }])
  await command(
    `ALTER TABLE tidemark.point_revisions DELETE WHERE dataset = '${dataset}' AND key = 'c' AND ts > '2026-01-01 01:00:00'`,
  )
  expect(await check(dataset)).toMatchObject([{ missing: 1, incomplete: [{ offset: 1, expected: 9, found: 8 }] }])
  const all = { a: 3, b: 3, c: 3 }
  await store([
    { ...whole, transformVersion: 3, keys: all },
    ...parts.map((each) => ({ ...each, transformVersion: 3 })),
  ])
  expect(await check(dataset)).toMatchObject([{ expected: 9, found: 9, missing: 0, surplus: 0 }])
})

test('a long history is walked in spans, and the check of a minute reads the granules of that minute alone', async () => {
  const [dataset, ticks, from] = ['made.ticks', 60_000, at('2026-01-01')]
  const known = `fromUnixTimestamp64Milli(${from} + toInt64(number) * 10000, 'UTC')`
  await command(`INSERT INTO tidemark.accepted_answers (* EXCEPT stored_at)
    SELECT false, '${dataset}', 7, '${dataset}/x', 'x', ${known}, ${known} + INTERVAL 10 SECOND, ${known}, 1, 1, 1, 'h', 0, number
    FROM numbers(${ticks})`)
  await command(`INSERT INTO tidemark.slices
    SELECT '${dataset}', 'a', ${from} + number * 10000 AS start, start + 10000, start, 10, [1.0], start, NULL, 1, [], 'live', 0, number, 7
    FROM numbers(${ticks})`)
  const lost = at('2026-01-07T10:00')
  await command(
    `ALTER TABLE tidemark.point_revisions DELETE WHERE dataset = '${dataset}' AND ts = toDateTime(${lost / 1000})`,
  )
  await command(`ALTER TABLE tidemark.stored_answers UPDATE stored_at = known_at WHERE dataset = '${dataset}'`)
  expect(await check(dataset)).toMatchObject([
    { answers: ticks, expected: ticks, missing: 1, incomplete: [{ knownAtMs: lost, offset: (lost - from) / 10_000 }] },
  ])
  const minute = { storedFromMs: lost, storedToMs: lost + 60_000 }
  expect(await unaccountedPoints(running.store, minute)).toMatchObject([
    { dataset, answers: 6, expected: 6, missing: 1 },
  ])
  expect(await unaccountedPoints(running.store, { storedFromMs: lost - 60_000, storedToMs: lost })).toMatchObject([
    { dataset, answers: 6, missing: 0 },
  ])
  await command('OPTIMIZE TABLE tidemark.stored_answers FINAL')
  const [estimate = ''] = await lines(
    running.store,
    `EXPLAIN ESTIMATE SELECT dataset, known_at FROM tidemark.stored_answers
     WHERE stored_at >= fromUnixTimestamp64Milli(${lost}, 'UTC') AND stored_at < fromUnixTimestamp64Milli(${lost + 60_000}, 'UTC')`,
  )
  // Of eight granules or more, the one that has them, and those of other tests that share its end.
  expect(Number(estimate.split('\t')[3])).toBeLessThanOrEqual(2 * 8192)
})

test('ticks whose points lie far from their known_at are not missing; own records and rows of pages are not compared', async () => {
  const far = reading({ dataset: 'kraken.ticker', replaces: false, knownAt: at('2026-03-01') })
  await store([far, reading({ dataset: 'jao.core.finalComputation', keys: {} })])
  const { balances, notCompared } = await reconcile({ store: running.store } as ReconcileParts, { known: everKnown })
  expect(balances.find(({ dataset }) => dataset === far.dataset)).toMatchObject({ expected: 3, found: 3, missing: 0 })
  expect(notCompared).toEqual(['jao.core.finalComputation'])
})

test('bytes that lie in raw twice count once, as newer code read them', async () => {
  const first = reading({ dataset: 'made.twice', replaces: false, keys: { a: 3 } })
  await store([first, { ...first, offset: 9 }])
  expect(await check('made.twice')).toMatchObject([{ answers: 1, expected: 3, found: 3, missing: 0, surplus: 0 }])
  // A replay has read the second record, and does not know two points any more. It has not erased them yet.
  await store([{ ...first, offset: 9, transformVersion: 2, keys: { a: 1 } }])
  expect(await check('made.twice')).toMatchObject([{ answers: 1, expected: 1, found: 1, missing: 0, surplus: 2 }])
})
