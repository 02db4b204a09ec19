import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { statSync, writeFileSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { sendRequest } from './send-request.ts'
import { endpointCommand, endpointEnvironment, type RunningEndpoint, spawnEndpoint } from './spawn.ts'

let folder: string
const started: RunningEndpoint[] = []

async function start(dataDir = join(folder, 'data')): Promise<RunningEndpoint> {
  const endpoint = await spawnEndpoint({ dataDir, port: 0 })
  started.push(endpoint)
  return endpoint
}

async function sql(endpoint: RunningEndpoint, body: string): Promise<string> {
  const answer = await sendRequest(endpoint, { body })
  if (answer.status !== 200) throw new Error(answer.text)
  return answer.text
}

async function run(environment: NodeJS.ProcessEnv): Promise<{ code: number | null; printed: string }> {
  const [command = '', ...args] = endpointCommand()
  const child = spawn(command, args, { env: environment, stdio: ['pipe', 'pipe', 'pipe'] })
  let printed = ''
  child.stderr.on('data', (text) => {
    printed += text
  })
  const [code] = await once(child, 'close')
  return { code, printed }
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidemark-process-'))
})

afterEach(async () => {
  await Promise.all(started.splice(0).map((one) => one.stop()))
  await rm(folder, { recursive: true, force: true })
})

test('too few threads, a missing setting and a pattern in the path are refused with a sentence', async () => {
  const good = endpointEnvironment({ dataDir: join(folder, 'data'), port: 0 })
  const wrong = [
    [{ ...good, UV_THREADPOOL_SIZE: '4' }, /UV_THREADPOOL_SIZE: must be at least 24/],
    [{ ...good, UV_THREADPOOL_SIZE: undefined }, /UV_THREADPOOL_SIZE/],
    [{ ...good, CLICKHOUSE_PORT: 'http' }, /CLICKHOUSE_PORT/],
    [{ ...good, CLICKHOUSE_DATA_DIR: join(folder, 'a{b,c}') }, /must not hold \* \? \{ \}/],
  ] as const
  for (const [environment, sentence] of wrong) {
    const { code, printed } = await run(environment)
    expect([code, printed]).toEqual([1, expect.stringMatching(sentence)])
    expect(printed).not.toContain('    at ')
  }
})

test('credentials are made once, random, for the owner alone', async () => {
  const first = await start()
  const file = join(folder, 'clickhouse-credentials.json')
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(first.credentials.writer.password).not.toBe(first.credentials.reader.password)
  expect(first.credentials.writer.password.length).toBeGreaterThan(30)
  await first.stop()
  const second = await start()
  expect(second.credentials).toEqual(first.credentials)
})

test('a second process on the directory gets one sentence and harms nobody', async () => {
  const first = await start()
  const { code, printed } = await run(endpointEnvironment({ dataDir: join(folder, 'data'), port: 0 }))
  expect(code).toBe(1)
  expect(printed).toMatch(new RegExp(`is in use by process ${first.child.pid}; stop it or choose another directory`))
  expect(await sql(first, 'SELECT 1')).toBe('1\n')
})

test('a directory that cannot be written is one sentence', async () => {
  writeFileSync(join(folder, 'file'), '')
  const { code, printed } = await run(endpointEnvironment({ dataDir: join(folder, 'file', 'data'), port: 0 }))
  expect([code, printed]).toEqual([1, expect.stringMatching(/^[^\n]*file[^\n]*\n$/)])
})

test('a port in use is one sentence', async () => {
  const first = await start()
  const port = Number(new URL(first.url).port)
  const { code, printed } = await run(endpointEnvironment({ dataDir: join(folder, 'other'), port }))
  expect([code, printed]).toEqual([1, expect.stringContaining(`port ${port}`)])
})

test('nothing acknowledged is lost by kill -9, and the next start works', async () => {
  let endpoint = await start()
  await sql(endpoint, 'CREATE DATABASE t')
  await sql(endpoint, 'CREATE TABLE t.batches (n UInt32) ENGINE = MergeTree ORDER BY n')
  let acknowledged = 0
  for (let round = 0; round < 3; round++) {
    const { child } = endpoint
    setTimeout(() => child.kill('SIGKILL'), 150)
    for (;;) {
      const body = `INSERT INTO t.batches FORMAT TSV\n${`${acknowledged}\n`.repeat(100)}`
      const answer = await sendRequest(endpoint, { body }).catch(() => undefined)
      if (answer?.status !== 200) break
      acknowledged++
    }
    await once(child, 'exit').catch(() => {})
    endpoint = await start()
    const lost = `SELECT countIf(c % 100 != 0), uniqExact(n) >= ${acknowledged} FROM (SELECT n, count() AS c FROM t.batches GROUP BY n)`
    expect(await sql(endpoint, lost)).toBe('0\t1\n')
    // The batch in flight may be stored or not; its number is not reused.
    acknowledged++
    await sql(endpoint, `INSERT INTO t.batches SELECT ${acknowledged - 1} FROM numbers(100)`)
  }
  expect((await readdir(join(folder, 'data', 'pipes'))).length).toBe(16)
})

test('SIGTERM ends it, whatever runs: queries nobody reads, inserts that do not go on', async () => {
  const endpoint = await start()
  await sql(endpoint, 'CREATE DATABASE t')
  await sql(endpoint, 'CREATE TABLE t.n (n UInt32) ENGINE = MergeTree ORDER BY n')
  const { user, password } = endpoint.credentials.writer
  const headers = { 'X-ClickHouse-User': user, 'X-ClickHouse-Key': password }
  const { request } = await import('node:http')
  for (const body of ['SELECT sum(number) FROM numbers(1e15)', 'SELECT number FROM numbers(1e12)']) {
    const sent = request(endpoint.url, { method: 'POST', headers })
    sent.on('error', () => {})
    sent.on('response', (response) => response.pause().on('error', () => {}))
    sent.end(body)
  }
  const insert = request(`${endpoint.url}/?query=INSERT+INTO+t.n+FORMAT+TSV`, { method: 'POST', headers })
  insert.on('error', () => {})
  insert.write('1\n')
  await sleep(300)
  endpoint.child.kill('SIGTERM')
  // It kills itself: the library's own end may crash (SIGSEGV) or wait forever.
  expect(await once(endpoint.child, 'exit')).toEqual([null, 'SIGKILL'])
  const next = await start()
  expect(await sql(next, 'SELECT count() FROM t.n')).toBe('0\n')
})

test('it ends when its parent does', async () => {
  const parent = spawn(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `
      const { spawnEndpoint } = await import(${JSON.stringify(join(import.meta.dirname, 'spawn.ts'))})
      const { child } = await spawnEndpoint({ dataDir: ${JSON.stringify(join(folder, 'data'))}, port: 0 })
      console.log(child.pid)
      setInterval(() => {}, 1000)`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const [line] = await once(parent.stdout, 'data')
  const pid = Number(line)
  expect(() => process.kill(pid, 0)).not.toThrow()
  parent.kill('SIGKILL')
  for (let i = 0; i < 100 && isAlive(pid); i++) await sleep(50)
  expect(isAlive(pid)).toBe(false)
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
