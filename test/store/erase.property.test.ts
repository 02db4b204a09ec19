import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { migrations } from '#infra/clickhouse/migrations.ts'
import { applySourceStatements } from '#infra/provision/source-statements.ts'
import { erase, type ReplayScope } from '#operations/history/erase.ts'
import { insert } from '#platform/clickhouse/client.ts'
import { migrate } from '#platform/clickhouse/migrate.ts'
import type { TimeseriesSlice } from '#schemas/generated/records.ts'
import type { TableTarget } from '#schemas/record-schema.ts'
import { acceptedConstraintsTable, constraintTable } from '#sources/jao/constraint-store.ts'
import type { FlowConstraint } from '#sources/jao/generated/records.ts'
import { jao } from '#sources/jao/jao.ts'
import type { VoteBatch } from '#sources/votes/generated/records.ts'
import { voteBatchesTable, voteTables } from '#sources/votes/statements.ts'
import { votes } from '#sources/votes/votes.ts'
import { faults } from '../support/long-tests.ts'
import { type RunningStore, startStore } from './running-store.ts'
import { insertSlices, lines, slice } from './slices.ts'

// Random histories that old code told, of which new code tells a part again: after the erasure the store must be what it
// would be had only the new code run, but for rows whose raw record is gone.

let running: RunningStore
beforeAll(async () => {
  running = await startStore()
  await migrate(running.store, migrations)
})
afterAll(() => running?.stop())

/** An answer: what old code made of it by key, and what new code makes of it; undefined: refuses it. */
interface Answer {
  window: number
  knownAt: number
  old: Record<string, (number | null)[]> | undefined
  new: Record<string, (number | null)[]> | undefined
}

const hourMs = 3_600_000
const windowStarts = [Date.parse('2024-12-31T22:00:00Z'), Date.parse('2025-06-01T22:00:00Z')]
const firstKnownAt = Date.parse('2024-12-31T23:59:59.998Z')

const values = fc.array(fc.option(fc.constantFrom(0, 10, 20), { nil: null }), { minLength: 1, maxLength: 3 })
const reading = fc.option(fc.dictionary(fc.constantFrom('a', 'b', 'c'), values, { minKeys: 1 }), { nil: undefined })
const answer: fc.Arbitrary<Answer> = fc.record({
  window: fc.nat({ max: 1 }),
  knownAt: fc.nat({ max: 12 }).map((after) => firstKnownAt + after),
  old: reading,
  new: reading,
})
const history = fc.record({
  answers: fc.uniqueArray(answer, {
    minLength: 1,
    maxLength: 8,
    selector: ({ window, knownAt }) => `${window} ${knownAt}`,
  }),
  /** Raw records before this offset are gone: new code has not read them. */
  firstOffset: fc.nat({ max: 3 }),
  /** Only the first window is replayed. */
  firstWindowOnly: fc.boolean(),
  /** Whether live data of the new version came meanwhile, from a raw record behind the span. */
  live: fc.option(values, { nil: undefined }),
})

function slicesOf(
  dataset: string,
  { window, knownAt }: Answer,
  told: Answer['old'],
  offset: number,
  transformVersion: number,
): TimeseriesSlice[] {
  const start = new Date(windowStarts[window]!).toISOString()
  const windowEnd = new Date(windowStarts[window]! + 4 * hourMs).toISOString()
  return Object.entries(told ?? {}).map(([key, values]) => ({
    ...slice({ dataset, key, start, windowEnd, values, knownAt: new Date(knownAt).toISOString(), transformVersion }),
    raw: { partition: 0, offset },
  }))
}

/** What is known at an instant, by brute force. */
function asOf(told: TimeseriesSlice[], at: number): string[] {
  const points = new Map<string, string>()
  for (const { key, start, values, knownAt } of told.toSorted((a, b) => a.knownAt - b.knownAt)) {
    if (knownAt > at) continue
    for (const [i, value] of values.entries())
      points.set(`${key}\t${start / 1000 + i * 3600}`, `${value ?? '\\N'}\t${knownAt}`)
  }
  return [...points].map((point) => point.join('\t')).sort()
}

it('after an erasure the store is what new code alone makes of the raw records that are there', async () => {
  let run = 0
  await fc.assert(
    fc.asyncProperty(history, fc.nat({ max: 14 }), async ({ answers, firstOffset, firstWindowOnly, live }, after) => {
      const dataset = `erase-${run++}`
      const liveAnswer = { window: 0, knownAt: firstKnownAt + 5, old: undefined, new: live && { a: live } }
      const behind = answers.some(({ window, knownAt }) => window === 0 && knownAt === liveAnswer.knownAt)
      const later = live && !behind ? slicesOf(dataset, liveAnswer, liveAnswer.new, answers.length, 2) : []
      const read = (offset: number, { window }: Answer) => offset >= firstOffset && !(firstWindowOnly && window === 1)

      await insertSlices(
        running.store,
        answers.flatMap((each, i) => slicesOf(dataset, each, each.old, i, 1)),
      )
      const again = answers.flatMap((each, i) => (read(i, each) ? slicesOf(dataset, each, each.new, i, 2) : []))
      await insertSlices(running.store, [...again, ...later])

      const kept = answers.flatMap((each, i) => (read(i, each) ? [] : slicesOf(dataset, each, each.old, i, 1)))
      const expected = [...kept, ...again, ...later]
      const span = { topic: 'raw', partition: 0, from: firstOffset, to: answers.length }
      const windows = { fromMs: null, toMs: firstWindowOnly ? windowStarts[1]! : null }
      const retold = { dataset, windows, spans: [span], transformVersion: 2, ownTables: [] }
      const count = (told: TimeseriesSlice[]) => told.reduce((sum, { values }) => sum + values.length, 0)
      const told = new Set(
        again.flatMap((each) => each.values.map((_, i) => `${each.key} ${each.start} ${i} ${each.knownAt}`)),
      )
      const untold = answers
        .flatMap((each, i) => (read(i, each) ? slicesOf(dataset, each, each.old, i, 1) : []))
        .flatMap((each) => each.values.map((_, i) => `${each.key} ${each.start} ${i} ${each.knownAt}`))
        .filter((name) => !told.has(name))
      expect((await erase(running.store, retold, `erasing_${run}`)).points).toBe(untold.length)
      // Twice changes nothing.
      expect((await erase(running.store, retold, `erasing_${run}`)).points).toBe(0)

      const columns = 'key, toUnixTimestamp(ts), value, toUnixTimestamp64Milli(known_at)'
      const from = (view: string) =>
        lines(running.reader, `SELECT ${columns} FROM tidemark.${view} WHERE dataset = {dataset:String}`, { dataset })
      const at = firstKnownAt + after
      expect((await from('latest')).sort()).toEqual(asOf(expected, Number.POSITIVE_INFINITY))
      expect((await from(`as_of(at = '${new Date(at).toISOString().slice(0, 23)}')`)).sort()).toEqual(
        asOf(expected, at),
      )
      const [rows] = await lines(
        running.reader,
        'SELECT count() FROM tidemark.point_revisions FINAL WHERE dataset = {dataset:String}',
        { dataset },
      )
      expect(Number(rows)).toBe(count(expected))
    }),
    { numRuns: faults ? 25 : 5, interruptAfterTimeLimit: 25_000 },
  )
})

it("records of a source's own leave when they are not published again, and the reading before each speaks again", async () => {
  await applySourceStatements(running.store, [jao, votes])
  const store = async <T>({ table, columns, row }: TableTarget<T>, ...records: T[]) => {
    await insert(running.store, table, columns, records.map(row))
  }
  const about = { windowStart: hourMs, windowEnd: 2 * hourMs, origin: 'test' }
  const at = (offset: number, transformVersion = 1) => {
    return { ...about, transformVersion, knownAt: firstKnownAt + offset, raw: { partition: 0, offset } }
  }
  const constraint = (row: number, offset: number, version?: number): FlowConstraint => ({
    ...{ ...at(offset, version), dataset: 'jao.core.finalComputation', start: hourMs, skip: 0, row, totalRows: 2 },
    ...{ tso: null, cneName: null, cneEic: null, direction: null, contName: null, presolved: null, ram: offset },
    ...{ ptdf: {}, numbers: {}, texts: {}, contingencies: [], upstreamModifiedAt: null },
  })
  const batch = (ids: number[], offset: number, version?: number): VoteBatch => ({
    ...{ ...at(offset, version), dataset: 'votes.votes', file: 'f', firstLine: 1, lines: ids.length, blankLines: 0 },
    ...{ refusedLines: 0, repeatedIds: 0, ids, postIds: ids.map(() => offset), voteTypeIds: ids.map(() => null) },
    ...{ creationDates: ids.map(() => 0), userIds: ids.map(() => null), bountyAmounts: ids.map(() => null), flags: [] },
  })
  // Told by old code at 0, 1 and 2; by new code at 1 without one record, and at 2 nothing. Raw of 0 is gone.
  await store(
    acceptedConstraintsTable,
    ...[0, 1].map((row) => constraint(row, 0)),
    ...[0, 1].map((row) => constraint(row, 1)),
  )
  await store(acceptedConstraintsTable, constraint(0, 2), constraint(0, 1, 2))
  await store(voteBatchesTable, batch([1, 2], 0), batch([1, 2], 1), batch([1], 2), batch([1], 1, 2))
  const spans = [{ topic: 'raw', partition: 0, from: 1, to: 3 }]
  const told = (dataset: string, ownTables: ReplayScope['ownTables']) => {
    return { dataset, windows: { fromMs: null, toMs: null }, spans, transformVersion: 2, ownTables }
  }
  const constraints = told('jao.core.finalComputation', [constraintTable('jao.core.finalComputation')])
  // Both rows of 1 were told, one of them anew; the one of 2 was not.
  expect(await erase(running.store, constraints, 'erasing_own')).toEqual({ points: 0, answers: 0, records: 2 })
  expect(await erase(running.store, constraints, 'erasing_own')).toEqual({ points: 0, answers: 0, records: 0 })
  expect(await lines(running.reader, 'SELECT row, ram_mw FROM tidemark.latest_flow_constraints')).toEqual(['0\t1'])
  // A vote of each of 1 and 2, and the chunk of 2.
  expect(await erase(running.store, told('votes.votes', voteTables), 'erasing_own')).toMatchObject({ records: 3 })
  const read = 'SELECT Id, PostId FROM blog_analysis.votes ORDER BY Id'
  expect(await lines(running.reader, read)).toEqual(['1\t1', '2\t0'])
  const chunks = 'SELECT raw_offset, transform_version FROM blog_analysis.vote_chunks FINAL ORDER BY raw_offset'
  expect(await lines(running.reader, chunks)).toEqual(['0\t1', '1\t2'])
})
