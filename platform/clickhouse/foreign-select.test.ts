// What somebody else's SELECT may do with the account that only reads, on the real engine.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningStore, startStore } from '../../test/store/running-store.ts'
import { checkForeignSelect, refusalOf, runForeignSelect } from './foreign-select.ts'

let running: RunningStore

beforeAll(async () => {
  running = await startStore()
  await running.store.command({ query: 'CREATE DATABASE t' })
  await running.store.command({ query: 'CREATE TABLE t.zones (zone String, mw Nullable(Float64)) ENGINE = Memory' })
  await running.store.command({ query: "INSERT INTO t.zones VALUES ('AT', 5), ('BE', NULL)" })
})
afterAll(() => running?.stop())

const atMs = Date.parse('2026-11-20T10:00:00.123Z')

async function ask(sql: string, { maxRows = 10, maxMs = 5_000 } = {}) {
  const asked = { sql, parameters: { at: new Date(atMs) }, maxRows, maxMs }
  await checkForeignSelect(running.reader, asked)
  return runForeignSelect(running.reader, asked)
}

test.each([
  ['SELECT zone, mw FROM t.zones ORDER BY zone'],
  ['WITH z AS (SELECT * FROM t.zones) SELECT zone, mw FROM z ORDER BY zone; ;\n'],
  ["SELECT zone, mw FROM t.zones -- the zones; 'all'\nORDER BY zone -- of them"],
  ["SELECT * FROM (SELECT 'AT' AS zone, 5 AS mw UNION ALL SELECT 'BE', NULL) ORDER BY zone"],
])('%s is answered with its columns and rows', async (sql) => {
  const { columns, rows } = await ask(sql)
  expect(columns.map(({ name }) => name)).toEqual(['zone', 'mw'])
  expect(rows).toEqual([
    { zone: 'AT', mw: 5 },
    { zone: 'BE', mw: null },
  ])
})

test('columns have types where there is no row, numbers are numbers, and the instant is a parameter', async () => {
  expect(await ask('SELECT zone, mw FROM t.zones WHERE 0')).toEqual({
    columns: [
      { name: 'zone', type: 'String' },
      { name: 'mw', type: 'Nullable(Float64)' },
    ],
    rows: [],
  })
  const { rows } = await ask(
    'SELECT {at:DateTime64(3)} AS at, toUnixTimestamp64Milli({at:DateTime64(3)}) AS ms, inf AS big',
  )
  expect(rows).toEqual([{ at: '2026-11-20T10:00:00.123Z', ms: atMs, big: null }])
})

test('whole numbers above 2^53 keep their digits, as text', async () => {
  const { rows } = await ask(
    `SELECT toUInt64('9007199254740993') AS big, toInt64('-9007199254740993') AS low, 9007199254740991 AS safe,
      toUInt256('123456789012345678901') AS huge, [toUInt64('18446744073709551615'), 1] AS many, toFloat64(0.5) AS half,
      toDecimal128('9007199254740993.25', 2) AS money`,
  )
  expect(rows).toEqual([
    {
      ...{ big: '9007199254740993', low: '-9007199254740993', safe: 9_007_199_254_740_991 },
      ...{ huge: '123456789012345678901', many: ['18446744073709551615', 1], half: 0.5, money: '9007199254740993.25' },
    },
  ])
})

test('at most one more row than allowed is read, of as many as there are', async () => {
  const { rows } = await ask('SELECT number FROM numbers(1000000000000)', { maxRows: 3 })
  expect(rows).toEqual([0, 1, 2, 3].map((number) => ({ number })))
})

const other = 'it reads the tables of the store alone'

test.each([
  ["INSERT INTO t.zones VALUES ('XX', 1)", /syntax/i],
  ['INSERT INTO t.zones SELECT 1, 2', /syntax/i],
  ['SELECT 1; DROP TABLE t.zones', /Multi-statements are not allowed/],
  ['SELECT 1) UNION ALL (SELECT 2', /syntax/i],
  ['SELECT 1) LIMIT 1; --', /Multi-statements|syntax/i],
  ['DROP TABLE t.zones', /syntax/i],
  ['SYSTEM SHUTDOWN', /syntax/i],
  ['SHOW TABLES', /syntax/i],
  ['SELECT 1 FORMAT CSV', /syntax/i],
  ["SELECT 1 INTO OUTFILE '/tmp/x'", /OUTFILE/],
  ['SELECT 1 /* and', /comment is not closed/],
  ['SELECT zone FROM t.zones SETTINGS max_execution_time = 0', /may not have SETTINGS/],
  ['SELECT * FROM (SELECT 1 SETTINGS max_memory_usage = 0)', /may not have SETTINGS/],
  ["SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a Int8')", other],
  ["SELECT 1 WHERE 1 IN (SELECT * FROM view(SELECT * FROM URL('http://127.0.0.1:1/', 'CSV', 'a Int8')))", other],
  ["SELECT 1 IN remote('127.0.0.1', system.one)", other],
  ["WITH x AS (SELECT * FROM remote('127.0.0.1', system.one)) SELECT * FROM x", other],
  ["SELECT * FROM s3('http://127.0.0.1:1/x/y', 'CSV', 'a Int8')", other],
  ["SELECT * FROM mysql('h', 'd', 't', 'u', 'p')", other],
  ["SELECT * FROM file('/etc/passwd', 'LineAsString')", /file/],
  ["SELECT file('/etc/passwd')", /file/],
  ['EXPLAIN SELECT 1', other],
  ['SELECT sleep(3)', /may not use sleep\(\)/],
  ['SELECT arrayMap(x -> sleepEachRow(x), [1])', /may not use sleepEachRow\(\)/],
  ['SELECT * FROM t.nowhere', /nowhere/],
  ['SELEKT 1', /syntax/i],
])('%s is refused', async (sql, words) => {
  await expect(ask(sql)).rejects.toThrow(words)
  expect(
    await running.store.query({ query: 'SELECT count() FROM t.zones', format: 'TabSeparated' }).then((r) => r.text()),
  ).toBe('2\n')
})

test('one that does not end is ended, and one whose answer is too large is refused', async () => {
  await expect(ask('SELECT sum(number) FROM numbers(1000000000000)', { maxMs: 1_000 })).rejects.toThrow(
    /Timeout exceeded/,
  )
  const large = "SELECT repeat('x', 1000000) FROM numbers(10)"
  await expect(ask(large)).rejects.toThrow(/larger than 4194304 bytes/)
})

test('one that is no longer wanted is ended', async () => {
  const gone = new AbortController()
  const sql = 'SELECT sum(number) FROM numbers(1000000000000)'
  const asked = runForeignSelect(running.reader, { sql, parameters: {}, maxRows: 1, maxMs: 30_000 }, gone.signal)
  setTimeout(() => gone.abort(), 300)
  await expect(asked).rejects.toThrow()
  const left =
    "SELECT count() FROM system.processes WHERE query LIKE '%numbers(10000%' AND query NOT LIKE '%processes%'"
  await expect
    .poll(() => running.store.query({ query: left, format: 'TabSeparated' }).then((r) => r.text()))
    .toBe('0\n')
})

test('a table function that nobody knows is refused where tables stand, and a function of values is not', () => {
  const inTree = (...lines: string[]) => refusalOf(['SelectWithUnionQuery (children 1)', ...lines])
  expect(inTree('TableExpression (children 1)', ' Function newLake (children 1)')).toContain('newLake()')
  expect(inTree('TableExpression (children 1)', ' Function numbers (alias n) (children 1)')).toBeUndefined()
  expect(inTree('ExpressionList (children 1)', ' Function format (children 1)')).toBeUndefined()
})

test('what has no tree, or that of another statement, is refused', () => {
  for (const tree of [[], ['InsertQuery (children 1)', ' SelectWithUnionQuery (children 1)']])
    expect(refusalOf(tree)).toContain('is not a SELECT')
})
