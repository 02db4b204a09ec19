// Rules whose condition is a query: the alerter asks the real store as its reader, tells each row once, and keeps to the
// share of the owner.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { askQuery } from '#core/alerts/ask-query.ts'
import { alerterStatus, type QueryStatus } from '#core/alerts/query-status.ts'
import { isQuery } from '#core/alerts/rule.ts'
import { writeStackFile } from '#local/stack-file.ts'
import { alertHistory } from '#operations/alerts/history.ts'
import { type AlertParts, deleteRule, listRules, readRule, saveRule } from '#operations/alerts/rules.ts'
import { checkQuery } from '#operations/alerts/test-query.ts'
import { createStore } from '#platform/clickhouse/client.ts'
import { alertEventsTopic } from '#schemas/alert-topics.ts'
import type { AlertEvent } from '#schemas/generated/records.ts'
import { longTest } from '../support/long-tests.ts'
import { type Pipeline, startPipeline } from '../support/pipeline.ts'
import type { ServiceProcess } from '../support/service-process.ts'
import { stackOf } from '../support/stack-of.ts'
import { tidemark } from '../support/tidemark-command.ts'

vi.setConfig({ testTimeout: 180_000 })

const by = { by: 'a test', why: 'to try it' }

let pipeline: Pipeline
let alerter: ServiceProcess
let parts: AlertParts

const run = (query: string) => pipeline.store.command({ query })

/** Without the store's address if it is to be without it. */
const startAlerter = (more: Record<string, string> = {}): Promise<ServiceProcess> => {
  const { reader } = pipeline.endpoint().credentials
  return pipeline.start('alerter', {
    ...{ CLICKHOUSE_READER_USER: reader.user, CLICKHOUSE_READER_PASSWORD: reader.password },
    ...{ ALERT_SQL_SHARE: '1', ...more },
  })
}

beforeAll(async () => {
  pipeline = await startPipeline()
  const { kafka, registry } = pipeline
  parts = { kafka, registry, log: { warn: () => undefined } }
  await run('CREATE DATABASE t')
  for (const table of ['rows', 'half', 'gone'])
    await run(`CREATE TABLE t.${table} (key String, value Float64) ENGINE = ReplacingMergeTree ORDER BY key`)
  await pipeline.start('sink')
  alerter = await startAlerter()
})
afterAll(() => pipeline?.stop())

const until = (condition: () => void | Promise<void>) => vi.waitFor(condition, { timeout: 120_000, interval: 100 })

const save = (id: string, sql: string, more: object = {}) =>
  saveRule(parts, readRule({ id, title: `Rule ${id}`, owner: 'trading', when: { sql, every: 'PT15S' }, ...more }), by)
const table = (name: string) => `SELECT key, value, 'of a test' AS detail FROM t.${name} FINAL`

const said = async (ruleId: string) =>
  (await alertHistory(pipeline.store, { ruleId, sinceMs: 0, limit: 50 })).toReversed()
const kinds = async (ruleId: string) => (await said(ruleId)).map(({ kind, key, value }) => [kind, key, value])

const statusOf = async (rule: string): Promise<QueryStatus | undefined> =>
  alerterStatus.parse(await (await fetch(`${alerter.url}/status`)).json()).queries.find((each) => each.rule === rule)

test('the rules of examples/alerts/queries.json are answered by the tables of the store, and alert', async () => {
  const atMs = Date.now()
  const file = join(import.meta.dirname, '../../examples/alerts/queries.json')
  const rules = (JSON.parse(readFileSync(file, 'utf8')) as unknown[]).map(readRule)
  const { reader: user } = pipeline.endpoint().credentials
  const reader = createStore({ url: pipeline.endpoint().url, ...user, requestTimeoutMs: 30_000 })
  try {
    for (const rule of rules) await checkQuery(reader, rule, atMs)
    const second = Math.floor(atMs / 1_000) - 60
    const values = `('kraken.ticker', 'XXBTZUSD.last', ${second}, 100, 1, 10, ''), ('binance.ticker24hr', 'BTCUSDT.last', ${second}, 102, 1, 10, '')`
    await run(`INSERT INTO tidemark.points (dataset, key, ts, value, version, step_s, flags) VALUES ${values}`)
    const letters = Array.from({ length: 10 }, (_, n) => `('jao.dlq', ${n}, '${second}', 'a reason')`)
    await run(`INSERT INTO tidemark.dead_letter_records (topic, offset, at, message) VALUES ${letters.join(', ')}`)
    const rows = []
    for (const { when } of rules) if (isQuery(when)) rows.push(...(await askQuery(reader, when, atMs)))
    expect(rows.map(({ key, value, detail }) => [key, value?.toFixed(6), detail])).toEqual([
      ['BTC', '2.000000', 'kraken=100, binance=102'],
      ['jao.dlq', '10.000000', 'a reason'],
    ])
  } finally {
    await reader.close()
  }
})

test('each row fires once, also if the alerter is killed, and a row that is gone is resolved with its last value', async () => {
  await run("INSERT INTO t.rows VALUES ('AT', 5), ('BE', 7)")
  await save('rows', table('rows'))
  await until(async () =>
    expect((await kinds('rows')).toSorted()).toEqual([
      ['firing', 'AT', 5],
      ['firing', 'BE', 7],
    ]),
  )
  const [first] = await said('rows')
  expect(first).toMatchObject({ dataset: 'sql', detail: 'of a test', severity: 'warning', owner: 'trading' })
  // It asks at once when it starts.
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    await alerter.kill(signal)
    alerter = await startAlerter()
    await until(async () => expect(await statusOf('rows')).toMatchObject({ isAsked: true, rows: 2, failure: null }))
  }
  await run("INSERT INTO t.rows VALUES ('AT', 6)")
  const took = (await statusOf('rows'))?.tookS
  await until(async () => expect((await statusOf('rows'))?.tookS).not.toBe(took))
  await run("ALTER TABLE t.rows DELETE WHERE key = 'AT' SETTINGS mutations_sync = 1")
  await until(async () => expect((await kinds('rows')).slice(2)).toEqual([['resolved', 'AT', 6]]))
  const events = await said('rows')
  const fired = events.find(({ kind, key }) => kind === 'firing' && key === 'AT')
  expect(events.at(-1)?.firingId).toBe(fired?.id)
})

test('a transition whose state was not written is not told again', async () => {
  await run("INSERT INTO t.half VALUES ('AT', 5)")
  await alerter.kill('SIGTERM')
  await save('half', table('half'))
  const [saved] = (await listRules(parts)).filter(({ id }) => id === 'half')
  const atMs = Date.now()
  const event: AlertEvent = {
    ...{ id: 'f'.repeat(32), kind: 'firing', ruleId: 'half', ruleVersion: saved?.version ?? 0, title: 'Rule half' },
    ...{ owner: 'trading', severity: 'warning', dataset: 'sql', key: 'AT', unit: '', onsetAt: atMs, endsAt: null },
    ...{ firingId: null, pointAt: atMs, value: 5, compared: 5, reference: null, samples: null, expected: null },
    ...{ knownAt: atMs, rawPartition: -1, rawOffset: -1, detail: null, at: atMs },
  }
  const encode = await pipeline.registry.encoder(alertEventsTopic.name, alertEventsTopic.record)
  await pipeline.producer.send(alertEventsTopic.name, [{ key: 'half', value: encode(event) }])
  alerter = await startAlerter()
  await until(async () => expect(await statusOf('half')).toMatchObject({ rows: 1 }))
  await run('TRUNCATE TABLE t.half')
  await until(async () =>
    expect(await kinds('half')).toEqual([
      ['firing', 'AT', 5],
      ['resolved', 'AT', 5],
    ]),
  )
  expect((await said('half'))[1]?.firingId).toBe(event.id)
})

longTest('a query that fails makes its rule unknown and resolves nothing, until it works again', async () => {
  await run("INSERT INTO t.gone VALUES ('AT', 5)")
  await save('gone', table('gone'))
  await until(async () => expect(await kinds('gone')).toEqual([['firing', 'AT', 5]]))
  await run('RENAME TABLE t.gone TO t.away')
  await until(async () =>
    expect(await kinds('gone')).toEqual([
      ['firing', 'AT', 5],
      ['unknown', '', null],
    ]),
  )
  expect((await said('gone'))[1]?.detail).toMatch(/^the query failed 3 times: The store says: .*t\.gone/)
  expect((await statusOf('gone'))?.failure).toMatch(/t\.gone/)
  await run('RENAME TABLE t.away TO t.gone')
  await until(async () => expect((await kinds('gone')).slice(2)).toEqual([['known', '', null]]))
})

test('a rule that is changed or deleted while it fires is resolved', async () => {
  await save('rows', table('rows'), { severity: 'critical' })
  await until(async () =>
    expect((await said('rows')).slice(3).map(({ kind, key, detail }) => [kind, key, detail])).toEqual([
      ['resolved', 'BE', 'the rule was changed'],
      ['firing', 'BE', 'of a test'],
    ]),
  )
  await deleteRule(parts, 'rows', by)
  await until(async () => expect((await said('rows')).at(-1)).toMatchObject({ detail: 'the rule was deleted' }))
})

test('commands save, list, show and test rules with queries by the account that only reads', async () => {
  const stack = await stackOf(pipeline)
  writeStackFile({ ...stack, endpoints: { ...stack.endpoints, health: { alerter: alerter.url } } })
  const alerts = (...args: string[]) => tidemark(['alerts', ...args, '--data', stack.dataDir], process.env)
  const file = join(pipeline.directory, 'rule.json')
  const write = (sql: string) =>
    writeFileSync(file, JSON.stringify({ id: 'written', title: 'Written', owner: 'trading', when: { sql } }))
  write('INSERT INTO t.rows VALUES (1)')
  expect(await alerts('set', file)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('The rule written is refused'),
  })
  write("SELECT 'x' AS key, 7 AS value")
  const tested = await alerts('test', file)
  expect(tested.stderr).toContain(
    'written: the query is asked once, now: to test it on the past, write {at:DateTime64(3)}',
  )
  expect(tested.stdout).toMatch(
    /still +sql x +7 +7\nwritten would have alerted once: 1 rows of 1 keys in one answer\.\n$/,
  )
  expect(await alerts('set', file)).toMatchObject({ code: 0, stdout: 'written is saved as version 1\n' })
  const { stdout } = await alerts('list')
  expect(stdout).toMatch(
    /^written +v1 +warning +sql \* +a query returns a row, asked every 1 minute: SELECT 'x' AS key/m,
  )
  expect(stdout).toMatch(/^half is asked every 15 s; the last run took \S+ s, 0 rows$/m)
  expect((await alerts('show', 'half')).stderr).toMatch(/^half is asked every 15 s;/)
  const [firing] = await said('half')
  const explained = await alerts('explain', firing?.id ?? '')
  expect(explained.stdout).toContain('Rule half: fires on sql AT; since ')
  expect(explained.stdout).not.toContain('The bytes')
  await deleteRule(parts, 'written', by)
})

test('an owner whose queries take more than their share is asked less often, and it is said', async () => {
  await alerter.kill('SIGTERM')
  alerter = await startAlerter({ ALERT_SQL_SHARE: '0.02' })
  await save('heavy', "SELECT 'x' AS key, sum(sin(number)) AS value FROM numbers(100000000)", { owner: 'heavy' })
  await until(async () => {
    const heavy = await statusOf('heavy')
    expect(heavy?.failure).toBe(null)
    // A run of so many seconds, every 15 s, is that many times the share of 0.02.
    expect(heavy?.waitsS).toBeCloseTo((heavy?.tookS ?? 0) / 0.02, 1)
    expect(heavy?.waitsS).toBeGreaterThan(15)
  })
  expect(alerter.log()).toContain('queries of an owner take more than their share')
  const metrics = await (await fetch(`${alerter.url}/metrics`)).text()
  expect(Number(/^tidemark_alert_query_stretch\{owner="heavy",[^}]*\} (\S+)$/m.exec(metrics)?.[1])).toBeGreaterThan(1)
})

test('an alerter that knows no store says so', async () => {
  await alerter.kill('SIGTERM')
  alerter = await startAlerter({ CLICKHOUSE_URL: '' })
  await until(async () => expect((await statusOf('half'))?.failure).toContain('The alerter knows no store'))
})
