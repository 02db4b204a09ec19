// The commands as a user types them, on one real stack with the simulator.
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { isAlive } from '#local/process-table.ts'
import type { StackFile } from '#local/stack-file.ts'
import { freePortBase, startTidemark, tidemark } from '../support/tidemark-command.ts'

// Starts of real parts take seconds, and many times that on a machine that is busy.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 180_000 })

const home = mkdtempSync(join(tmpdir(), 'tidemark-commands-'))
const data = join(home, 'simulated')
const { KAFKA_BROKERS: _k, SCHEMA_REGISTRY_URL: _s, CLICKHOUSE_URL: _c, NODE_ENV: _n, ...inherited } = process.env
const environment = { ...inherited, TIDEMARK_HOME: home }
const run = (...args: string[]) => tidemark(args, environment)

let base = 0
let printed = ''
const up = () => run('up', '--detach', '--source', 'simulated', '--port-base', `${base}`, '--no-backfill')
const stackFile = (): StackFile => JSON.parse(readFileSync(join(data, 'stack.json'), 'utf8'))
const pidsOf = ({ pid, parts }: StackFile): number[] => [pid, ...Object.values(parts).map((part) => part.pid)]

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(50)
}

beforeAll(async () => {
  base = await freePortBase()
  const { code, stdout, stderr } = await up()
  expect(stderr).toContain('✔ kafka')
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
  printed = stdout
})

afterAll(async () => {
  await run('down')
  rmSync(home, { recursive: true, force: true })
})

test('what was started in the background is healthy when up returns', async () => {
  const { code, stdout } = await run('status', '--json')
  expect(code).toBe(0)
  const { healthy, parts, lag, rows, datasets } = JSON.parse(stdout)
  expect(healthy).toBe(true)
  expect(parts.map(({ name }: { name: string }) => name).toSorted()).toEqual([
    'clickhouse',
    'kafka',
    'normalizer',
    'poller',
    'registry',
    'simulator',
    'sink',
  ])
  expect(parts.find(({ name }: { name: string }) => name === 'kafka').version).toBe('4.3.1')
  expect(parts.find(({ name }: { name: string }) => name === 'registry').version).toBe('3.0.9')
  expect(parts.find(({ name }: { name: string }) => name === 'clickhouse').version).toMatch(/^26\.7\./)
  expect(lag.map(({ group, topic }: { group: string; topic: string }) => `${group} ${topic}`)).toEqual(
    expect.arrayContaining(['normalizer jao.raw', 'sink jao.timeseries', 'sink polls']),
  )
  expect(Object.keys(rows)).toEqual(expect.arrayContaining(['points', 'point_revisions', 'polls', 'series']))
  expect(datasets[0]).toMatchObject({ dataset: 'jao.core.maxExchanges', nextDueAt: expect.stringMatching(/^\d{4}-/) })
  expect((await run('status')).stdout).toContain('healthy, source SIMULATED')
})

test('stack.json is for its owner only and holds no password', () => {
  expect(statSync(join(data, 'stack.json')).mode & 0o777).toBe(0o600)
  const { writer, reader } = JSON.parse(readFileSync(join(data, 'clickhouse-credentials.json'), 'utf8'))
  const text = readFileSync(join(data, 'stack.json'), 'utf8')
  expect(text).not.toContain(writer.password)
  expect(text).not.toContain(reader.password)
})

test('query prints rows and nothing else', async () => {
  expect(await run('query', "SELECT 1, 'a' UNION ALL SELECT 2, 'b' ORDER BY 1")).toEqual({
    code: 0,
    stdout: '1\ta\n2\tb\n',
    stderr: '',
  })
  expect((await run('query', '--json', 'SELECT 1 AS one')).stdout).toBe('{"one":1}\n')
  expect((await run('query', 'SELECT 1 AS one', '--format', 'CSVWithNames')).stdout).toBe('"one"\n1\n')
  expect((await run('query', 'SELECT 7 FORMAT CSV')).stdout).toBe('7\n')
})

test('the three queries that up prints can be run', async () => {
  const commands = [...printed.matchAll(/npx tidemark query "(.+)"/g)].map((match) => match[1] ?? '')
  expect(commands).toHaveLength(3)
  for (const sql of commands) expect(await run('query', sql)).toMatchObject({ code: 0, stderr: '' })
})

test('a statement that fails is one sentence on stderr and exit code 1', async () => {
  const refused = await run('query', 'SELECT nothing FROM nowhere')
  expect(refused).toMatchObject({ code: 1, stdout: '' })
  expect(refused.stderr).toMatch(/^tidemark: ClickHouse: Code: 60\. [^\n]+\n$/)
  const changed = await run('query', 'DROP TABLE points')
  expect(changed).toMatchObject({ code: 1, stdout: '' })
  expect(changed.stderr).toContain('readonly')
})

test('a statement that fails half-way gives whole rows, and then the sentence', async () => {
  const sql = 'SELECT number + throwIf(number = 900000) FROM numbers(1000000)'
  const { code, stdout, stderr } = await run('query', sql)
  expect(code).toBe(1)
  expect(stderr).toMatch(/^tidemark: ClickHouse stopped half-way: Code: 395\. [^\n]+\n$/)
  const rows = stdout.split('\n')
  expect(rows.length).toBeGreaterThan(1_000)
  expect([rows.pop(), rows.pop()]).toEqual(['', String(rows.length)])
  // A comparison of the texts would print megabytes.
  expect(rows.every((row, index) => row === String(index))).toBe(true)
})

test('a directory that a stack uses is refused to another, with the pid of the first', async () => {
  const refused = await up()
  expect(refused.code).toBe(1)
  expect(refused.stderr).toContain(`in use by a running stack (process ${stackFile().pid})`)
  expect((await run('status')).code).toBe(0)
})

test('ports in use are refused by number and purpose, and leave no lock', async () => {
  const other = join(home, 'other')
  const refused = await run('up', '--detach', '--data', other, '--source', 'simulated', '--port-base', `${base - 1}`)
  expect(refused.code).toBe(1)
  expect(refused.stderr).toMatch(
    /tidemark: Port \d+ \([a-zA-Z ]+\) is in use by process \d+ of the stack in \S+ \(`npx tidemark down --data \S+`\): stop it, or choose other ports with --port-base \(\d+ and the 19 after it are free\)\.\n$/,
  )
  expect((await run('status', '--data', other)).stderr).toMatch(/^tidemark: No stack runs in /)
})

test('parts that are killed are started again', async () => {
  for (const name of ['registry', 'clickhouse']) process.kill(stackFile().parts[name]!.pid, 'SIGKILL')
  const again = ({ parts }: StackFile) =>
    ['registry', 'clickhouse'].every((name) => parts[name]?.restarts === 1 && parts[name].state === 'running')
  await until(() => again(stackFile()))
  await until(async () => (await run('status')).code === 0)
  expect((await run('query', 'SELECT count() > 0 FROM migrations')).stdout).toBe('1\n')
})

test('after kill -9 of the supervisor nothing stays, and the next up has the same data', async () => {
  const identity = 'SELECT groupBitXor(cityHash64(*)) FROM (SELECT * FROM migrations)'
  const before = stackFile()
  const held = (await run('query', identity)).stdout
  process.kill(before.pid, 'SIGKILL')
  expect(await up()).toMatchObject({ code: 0 })
  expect(pidsOf(before).filter(isAlive)).toEqual([])
  expect((await run('query', identity)).stdout).toBe(held)
})

test('down stops everything; a second down is no error', async () => {
  const before = stackFile()
  expect(await run('down')).toMatchObject({ code: 0, stdout: '' })
  expect(pidsOf(before).filter(isAlive)).toEqual([])
  expect(await run('down', '--json')).toMatchObject({ code: 0, stdout: '{"stopped":false}\n' })
  expect((await run('status')).code).toBe(1)
  expect((await run('query', 'SELECT 1')).stderr).toMatch(
    /^tidemark: No stack runs in .+: start one with `npx tidemark up`\.\n$/,
  )
})

test('a directory keeps to its source', async () => {
  const refused = await run('up', '--data', data, '--source', 'live', '--port-base', `${base}`)
  expect(refused.code).toBe(1)
  expect(refused.stderr).toContain(`${data} holds simulated data and cannot take live data`)
})

test('Ctrl-C stops a stack in the foreground, though npm passes it on once more', async () => {
  const args = ['up', '--data', data, '--port-base', `${base}`, '--no-backfill', '--json']
  const foreground = startTidemark(args, environment)
  await until(() => foreground.printed().stdout !== '' || foreground.child.exitCode !== null)
  expect(foreground.printed().stderr).toContain('✔ poller')
  const { pid, kafka } = JSON.parse(foreground.printed().stdout)
  expect(kafka).toBe(`127.0.0.1:${base}`)
  const before = stackFile()
  expect(before.pid).toBe(pid)
  process.kill(pid, 'SIGINT')
  process.kill(pid, 'SIGINT')
  const { code, stderr } = await foreground.finished
  expect(stderr).toMatch(/stopping .*\nstopped\n$/)
  expect(code).toBe(0)
  expect(pidsOf(before).filter(isAlive)).toEqual([])
})
