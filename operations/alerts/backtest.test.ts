// Rules are tested on what the real store says was known, with the tables and views of the migrations.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { migrations } from '#infra/clickhouse/migrations.ts'
import { migrate } from '#platform/clickhouse/migrate.ts'
import { type RunningStore, startStore } from '../../test/store/running-store.ts'
import { acceptedAnswer, insertAnswers, insertSlices, slice } from '../../test/store/slices.ts'
import { backtest } from './backtest.ts'
import { readRule } from './rules.ts'

let running: RunningStore
beforeAll(async () => {
  running = await startStore()
  await migrate(running.store, migrations)
})
afterAll(() => running?.stop())

const dataset = 'jao.core.maxExchanges'
/** 2026-11-28 in Brussels. */
const start = '2026-11-27T23:00:00Z'
const end = '2026-11-28T23:00:00Z'
const hourMs = 3_600_000

/** Stores an answer with the first hours of the day of some borders. What it does not name is withdrawn. */
async function store(offset: number, knownAt: string, borders: Record<string, number[]>): Promise<void> {
  const raw = { partition: 0, offset }
  const identity = 77
  const slices = Object.entries(borders).map(([key, values]) => ({
    ...slice({ dataset, key, start, values, knownAt, windowEnd: end, identity }),
    raw,
  }))
  await insertSlices(running.store, slices)
  const window = { windowStart: Date.parse(start), windowEnd: Date.parse(end) }
  const answer = acceptedAnswer({
    dataset,
    identity,
    ...window,
    knownAt: Date.parse(knownAt),
    transformVersion: 1,
    raw,
  })
  await insertAnswers(running.store, [answer])
}

test('an answer that revises both series that a rule compares is judged as a whole', async () => {
  const [own, other] = ['border_AT_BE', 'border_BE_AT']
  await running.store.command({
    query: `INSERT INTO tidemark.series (dataset, key) VALUES ('${dataset}', '${own}'), ('${dataset}', '${other}')`,
  })
  await store(1, '2026-11-27T09:00:00Z', { [own]: [1, 1, 1, 1], [other]: [2, 2, 2, 2] })
  // Each is above what the other one was before, and not above what it is now.
  await store(2, '2026-11-27T10:00:00Z', { [own]: [5, 5, 1, 1], [other]: [9, 9, 9, 9] })
  // In the second and third hour it is. The other border is as it was, and then it is gone.
  await store(3, '2026-11-27T11:00:00Z', { [own]: [5, 10, 10, 1], [other]: [9, 9, 9, 9] })
  await store(4, '2026-11-27T12:00:00Z', { [own]: [5, 20, 20, 1] })
  const when = { value: '>', than: 0, as: 'difference', to: { dataset, key: other } }
  const rule = readRule({ id: 'r', title: 't', owner: 'o', of: { dataset, key: own }, when })
  const times = { fromMs: Date.parse('2026-11-26T00:00Z'), toMs: Date.parse('2026-11-29T00:00Z') }
  const { transitions } = await backtest(running.store, { rule, version: 1, ...times, isAsKnown: true })
  const hour = (ms: number | null) => (ms === null ? null : (ms - Date.parse(start)) / hourMs)
  expect(
    transitions.map(({ kind, onsetMs, endsMs, facts }) => [kind, hour(onsetMs), hour(endsMs), facts.raw.offset]),
  ).toEqual([
    ['firing', 1, 3, 3],
    ['cancelled', 1, null, 4],
  ])
})
