import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningEndpoint, spawnEndpoint } from './spawn.ts'

const STALL_MS = 400
let folder: string
let endpoint: RunningEndpoint

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidemark-limits-'))
  process.env.CLICKHOUSE_STALL_MS = `${STALL_MS}`
  process.env.CLICKHOUSE_READER_LIMIT_MS = '1500'
  endpoint = await spawnEndpoint({ dataDir: join(folder, 'clickhouse'), port: 0 })
})

afterAll(async () => {
  await endpoint?.stop()
  await rm(folder, { recursive: true, force: true })
})

const ask = (role: 'reader' | 'writer', body: string) => {
  const { user, password } = endpoint.credentials[role]
  const headers = { 'X-ClickHouse-User': user, 'X-ClickHouse-Key': password }
  return fetch(endpoint.url, { method: 'POST', body, headers })
}

/** Number of running statements that contain a text, according to the engine. */
async function running(text: string): Promise<number> {
  const sql = `SELECT count() FROM system.processes WHERE query LIKE '%${text}%' AND query NOT LIKE '%system.processes%'`
  return Number(await (await ask('writer', sql)).text())
}

test('a client that reads nothing is disconnected, and its statement is killed', async () => {
  const { user, password } = endpoint.credentials.writer
  for (const encoding of ['identity', 'gzip']) {
    const headers = { 'X-ClickHouse-User': user, 'X-ClickHouse-Key': password, 'Accept-Encoding': encoding }
    const sent = request(`${endpoint.url}/?enable_http_compression=1`, { method: 'POST', headers })
    sent.on('error', () => {})
    sent.end('SELECT randomString(100) FROM numbers(100000000000)')
    const [response] = await once(sent, 'response')
    response.on('error', () => {})
    expect(await running('randomString')).toBe(1)
    await expect.poll(() => running('randomString'), { timeout: 15_000 }).toBe(0)
    sent.destroy()
  }
})

test.each([
  ['a statement', '', {}, 'SELECT'],
  ['a form', '', { 'Content-Type': 'multipart/form-data; boundary=b' }, '--b\r\n'],
  ['a compressed statement', '', { 'Content-Encoding': 'gzip' }, gzipSync('SELECT 1').subarray(0, 12)],
  ['data', 'INSERT INTO stalled FORMAT CSV', {}, '1\n'],
])('a client that sends %s and stops in the middle is told so, and nothing of it is stored', async (...parts) => {
  const [, query, headers, beginning] = parts
  await ask('writer', 'CREATE TABLE IF NOT EXISTS stalled (n UInt8) ENGINE = Memory')
  const { user, password } = endpoint.credentials.writer
  const sent = request(`${endpoint.url}/?${new URLSearchParams({ query })}`, {
    method: 'POST',
    headers: { 'X-ClickHouse-User': user, 'X-ClickHouse-Key': password, ...headers },
  })
  sent.on('error', () => {})
  sent.write(beginning)
  const [response] = await once(sent, 'response')
  expect([response.statusCode, response.headers['x-clickhouse-exception-code']]).toEqual([408, '209'])
  expect(await text(response)).toContain('Nothing of the request body came for 0.4 seconds.')
  sent.destroy()
  expect(await (await ask('writer', 'SELECT count() FROM stalled')).text()).toBe('0\n')
})

test('a query without output for longer than the stall time goes on', async () => {
  const answer = await ask('writer', `SELECT sleep(${(STALL_MS * 3) / 1000}), repeat('x', 1000) FORMAT TSV`)
  expect(await answer.text()).toBe(`0\t${'x'.repeat(1000)}\n`)
})

test('a query of the reader ends at the limit whatever it sets, one of the writer does not', async () => {
  const sleeping = 'SELECT sum(sleepEachRow(0.1)) FROM numbers(12) SETTINGS max_block_size = 1, max_execution_time = 0'
  const [read, written] = await Promise.all([ask('reader', sleeping.replace('12', '100000')), ask('writer', sleeping)])
  expect([read.status, read.headers.get('x-clickhouse-exception-code')]).toEqual([408, '159'])
  expect(await written.text()).toBe('0\n')
})

test('readers that sleep leave the writer its place: eight run, the others wait', async () => {
  const sleeping = 'SELECT sleepEachRow(0.1) FROM numbers(100000) SETTINGS max_block_size = 1'
  const readers = Array.from({ length: 20 }, () => ask('reader', sleeping))
  await expect.poll(() => running('sleepEachRow'), { interval: 20 }).toBe(8)
  expect(await (await ask('writer', 'SELECT 1')).text()).toBe('1\n')
  expect(await running('sleepEachRow')).toBe(8)
  await Promise.all(readers)
})
