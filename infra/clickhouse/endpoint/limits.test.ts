import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadCredentials } from './credentials.ts'
import { openEngine } from './engine.ts'
import { writeEngineConfig } from './engine-config.ts'
import { makePipes } from './pipes.ts'
import { createQueue } from './queue.ts'
import type { Service } from './request.ts'
import { RunningStatements } from './running.ts'
import { createEndpoint } from './server.ts'
import { Sessions } from './sessions.ts'

const STALL_MS = 400
const home = process.cwd()
let folder: string
let service: Service
let url: string
let server: ReturnType<typeof createEndpoint>

// In this process, unlike the other tests: main.ts takes no limits from outside.
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidemark-limits-'))
  process.chdir(folder)
  const engine = openEngine(folder, writeEngineConfig(folder))
  service = {
    engine,
    statements: new RunningStatements(engine),
    credentials: loadCredentials(join(folder, 'credentials.json')),
    pipes: makePipes(2),
    queue: createQueue(2, 1, 8, 60_000),
    sessions: new Sessions(engine),
    readerLimitMs: 600,
    stallMs: STALL_MS,
  }
  server = createEndpoint(service).listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterAll(async () => {
  server?.closeAllConnections()
  server?.close()
  // The process cannot end while the engine runs anything.
  for (const one of service.statements.all) void one.killNow()
  while (service.engine.calls.running > 0) await sleep(20)
  process.chdir(home)
  await rm(folder, { recursive: true, force: true })
})

const ask = (role: 'reader' | 'writer', body: string) => {
  const { user, password } = service.credentials[role]
  return fetch(url, { method: 'POST', body, headers: { 'X-ClickHouse-User': user, 'X-ClickHouse-Key': password } })
}

test('a client that reads nothing is given up, and its place is free again', async () => {
  const { user, password } = service.credentials.writer
  for (const encoding of ['identity', 'gzip']) {
    const headers = { 'X-ClickHouse-User': user, 'X-ClickHouse-Key': password, 'Accept-Encoding': encoding }
    const sent = request(`${url}/?enable_http_compression=1`, { method: 'POST', headers })
    sent.on('error', () => {})
    sent.end('SELECT randomString(100) FROM numbers(100000000000)')
    const [response] = await once(sent, 'response')
    response.on('error', () => {})
    expect(service.queue.running).toBe(1)
    while (service.queue.running > 0) await sleep(20)
    sent.destroy()
  }
}, 20_000)

test('a query that says nothing for longer than the stall time is not', async () => {
  const answer = await ask('writer', `SELECT sleep(${(STALL_MS * 3) / 1000}), repeat('x', 1000) FORMAT TSV`)
  expect(await answer.text()).toBe(`0\t${'x'.repeat(1000)}\n`)
})

test('a query of the reader ends at the limit whatever it sets, one of the writer does not', async () => {
  const sleeping = 'SELECT sum(sleepEachRow(0.1)) FROM numbers(12) SETTINGS max_block_size = 1, max_execution_time = 0'
  const [read, written] = await Promise.all([ask('reader', sleeping.replace('12', '100000')), ask('writer', sleeping)])
  expect([read.status, read.headers.get('x-clickhouse-exception-code')]).toEqual([408, '159'])
  expect(await written.text()).toBe('0\n')
}, 20_000)

test('readers that sleep leave the writer its place', async () => {
  const readers = Array.from({ length: 3 }, () =>
    ask('reader', 'SELECT sleepEachRow(0.1) FROM numbers(100000) SETTINGS max_block_size = 1'),
  )
  await sleep(200)
  expect(await (await ask('writer', 'SELECT 1')).text()).toBe('1\n')
  expect(service.queue.running).toBe(1)
  await Promise.all(readers)
}, 20_000)
