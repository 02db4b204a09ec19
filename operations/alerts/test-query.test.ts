// Rules with queries are checked and tested on the real engine, by the account that only reads.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningStore, startStore } from '../../test/store/running-store.ts'
import { backtest } from './backtest.ts'
import { readRule } from './rules.ts'
import { checkQuery, queryInstants } from './test-query.ts'

let running: RunningStore
const dayMs = 86_400_000
const fromMs = Date.parse('2026-11-01T00:00Z')

beforeAll(async () => {
  running = await startStore()
  await running.store.command({ query: 'CREATE DATABASE t' })
  await running.store.command({
    query: 'CREATE TABLE t.outages (zone String, mw Float64, begins DateTime64(3), ends DateTime64(3)) ENGINE = Memory',
  })
  // AT for two days from the 3rd, and again on the 20th; BE from the 10th on.
  await running.store.command({
    query: `INSERT INTO t.outages VALUES ('AT', 5, '2026-11-03 00:00:00', '2026-11-05 00:00:00'),
      ('AT', 6, '2026-11-20 00:00:00', '2026-11-21 00:00:00'), ('BE', 7, '2026-11-10 00:00:00', '2027-01-01 00:00:00')`,
  })
})
afterAll(() => running?.stop())

const rule = (sql: string, more: object = {}) =>
  readRule({ id: 'outage', title: 'An outage', owner: 'trading', when: { sql, every: 'P1D' }, ...more })
const past =
  'SELECT zone AS key, mw AS value FROM t.outages WHERE begins <= {at:DateTime64(3)} AND ends > {at:DateTime64(3)}'
const request = { version: 1, fromMs, toMs: fromMs + 29 * dayMs, isAsKnown: false }

test.each([
  [
    'SELECT zone FROM t.outages',
    'The rule outage is refused: The query has no column `key`, which names each row; it has: zone',
  ],
  ['SELECT zone AS key FROM t.outages', 'The rule outage is refused: The key "AT" comes twice'],
  ['SELECT zonne AS key FROM t.outages', /The store says: .*zonne.*UNKNOWN_IDENTIFIER/],
  ['SELECT key FROM latest', /UNKNOWN_TABLE\) A rule names tables with their database: tidemark.latest\./],
  ['SELECT key', /The rule outage is refused: The store says: /],
  ["SELECT 'x' AS key FROM numbers(3) SETTINGS max_threads = 1", 'The query may not have SETTINGS'],
  [
    "SELECT 'x' AS key, toUInt64('9007199254740993') AS value",
    'The value 9007199254740993 of the row "x" is beyond 2^53',
  ],
  ['SELECT toString(number) AS key FROM numbers(1001)', 'returns more than 1000 rows'],
  ['SELECT toString({other:String}) AS key', /The store says: .*other/],
])('%s is refused when it is saved', async (sql, words) => {
  await expect(checkQuery(running.reader, rule(sql), fromMs)).rejects.toThrow(words)
})

test('a query that the store answers is saved, and a store that is away says so', async () => {
  await checkQuery(running.reader, rule(past), fromMs)
  await checkQuery(running.reader, rule("SELECT 'x' AS key WHERE 0"), fromMs)
  const away = running.connect({ user: 'reader', password: 'wrong' })
  await expect(checkQuery(away, rule(past), fromMs)).rejects.toThrow(/The store says: .*Authentication failed/)
  await away.close()
})

test('a query that names its instant is tested on the past, once each time that it would be asked', async () => {
  const tested = await backtest(running.reader, { ...request, rule: rule(past) })
  expect(tested).toMatchObject({ series: 2, runs: 30 })
  const said = tested.transitions.map(({ kind, key, facts }) => [
    kind,
    key,
    new Date(facts.knownMs).getUTCDate(),
    facts.value,
  ])
  expect(said).toEqual([
    ['firing', 'AT', 3, 5],
    ['resolved', 'AT', 5, 5],
    ['firing', 'BE', 10, 7],
    ['firing', 'AT', 20, 6],
    ['resolved', 'AT', 21, 6],
  ])
  const longer = await backtest(running.reader, { ...request, rule: rule(past, { for: 'P1D' }) })
  expect(longer.transitions.map(({ kind, key }) => [kind, key])).toEqual([
    ['firing', 'AT'],
    ['resolved', 'AT'],
    ['firing', 'BE'],
  ])
})

test('another query is asked once, and each of its rows is told', async () => {
  const now = rule("SELECT 'x' AS key, 3 AS value", { for: 'PT1H' })
  const tested = await backtest(running.reader, { ...request, rule: now })
  expect(tested).toMatchObject({
    series: 1,
    points: 1,
    runs: 1,
    transitions: [{ kind: 'firing', key: 'x', facts: { value: 3 } }],
  })
})

test('a test asks at most 200 times', () => {
  const instants = queryInstants({ sql: past, every: 'PT15S' }, fromMs, fromMs + 30 * dayMs)
  // 30 days in 199 parts, to the next ms: 13,025,126 ms.
  expect(instants).toHaveLength(199)
  expect([instants[0], instants[1], instants.at(-1)]).toEqual([fromMs, fromMs + 13_025_126, fromMs + 198 * 13_025_126])
  expect(queryInstants({ sql: past, every: 'PT1H' }, 0, 2 * 3_600_000)).toEqual([0, 3_600_000, 7_200_000])
})
