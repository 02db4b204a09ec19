import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { HOST_NAMES, type HostName } from './hosts.ts'
import { type ServerOptions, startSimulator } from './server.ts'

type Logged = { status: number; elapsedMs: number; overLimit: boolean; path: string; fault: string | null }

const START = Date.parse('2026-11-20T12:30:00Z')
const MINUTE_MS = 60_000
const paths: Record<HostName, string> = {
  jao: '/nordic/api/data/maxExchanges?FromUtc=2026-11-19T23:00:00Z&ToUtc=2026-11-20T23:00:00Z',
  'jao-auctions': '/OWSMP/getauctions?corridor=DE-CH&fromdate=2026-11-19&todate=2026-11-19&horizon=Daily',
  kraken: '/0/public/Ticker?pair=XBTUSD',
  binance: '/api/v3/ticker/24hr?symbol=BTCUSDT',
  coinbase: '/products/BTC-USD/stats',
}

let simulator: Awaited<ReturnType<typeof startSimulator>>
afterEach(() => simulator.stop())
const start = async (options: ServerOptions) => {
  simulator = await startSimulator({ startMs: START, speed: 0, ...options })
}
const ask = (host: HostName) => fetch(simulator.urls[host] + paths[host], { headers: { AUTH_API_KEY: 'secret-key' } })
const control = async <T>(path: string) => (await (await fetch(`${simulator.url}/simulator/${path}`)).json()) as T
const command = (body: unknown) =>
  fetch(`${simulator.url}/simulator/command`, { method: 'POST', body: JSON.stringify(body) })
const requestsOf = async (host: HostName) => (await control<{ requests: Logged[] }>(`requests?host=${host}`)).requests

test('each host has its own port, budget, log and form of 429', async () => {
  await start({ limits: Object.fromEntries(HOST_NAMES.map((name) => [name, 2])) })
  expect(new Set(Object.values(simulator.urls)).size).toBe(5)
  for (const host of HOST_NAMES) {
    const statuses = [await ask(host), await ask(host), await ask(host)].map(({ status }) => status)
    expect([host, statuses]).toEqual([host, [200, 200, 429]])
    const logged = await requestsOf(host)
    expect(logged.map(({ status, path }) => [status, path])).toEqual(
      [200, 200, 429].map((status) => [status, paths[host]]),
    )
    expect(await control(`stats?host=${host}`)).toMatchObject({
      host,
      requests: 3,
      limitViolations: 1,
      busiestMinute: 3,
    })
  }
  const words = await Promise.all(HOST_NAMES.slice(1).map(async (host) => (await ask(host)).text()))
  expect(words).toEqual([
    '{"status":429,"message":"Too Many Requests"}',
    '{"error":["EAPI:Rate limit exceeded"]}',
    '{"code":-1003,"msg":"Too many requests."}',
    '{"message":"Public rate limit exceeded"}',
  ])
  expect(JSON.stringify(await requestsOf('jao-auctions'))).not.toContain('secret-key')
})

test('the default limit of each host', async () => {
  await start({})
  const refusedAfter = async (host: HostName) => {
    for (let count = 0; ; count++) {
      const answer = await ask(host)
      await answer.arrayBuffer()
      if (answer.status === 429) return count
    }
  }
  expect([await refusedAfter('jao'), await refusedAfter('jao-auctions'), await refusedAfter('kraken')]).toEqual([
    100, 100, 64,
  ])
})

test('a fault is for one host; the control API is at JAO’s port alone', async () => {
  await start({})
  await command({ fault: '503', host: 'kraken' })
  await command({ fault: '500', host: 'jao-auctions', day: '2026-11-20', count: 1 })
  await command({ fault: 'rejected', host: 'binance', count: 1 })
  await command({ fault: 'wrong-day', host: 'coinbase', count: 1 })
  const [, yesterday] = await Promise.all([ask('jao'), (await ask('coinbase')).text()])
  expect(yesterday).not.toBe(await (await ask('coinbase')).text())
  const statuses = await Promise.all(HOST_NAMES.map(async (host) => [host, (await ask(host)).status]))
  expect(Object.fromEntries(statuses)).toEqual({
    jao: 200,
    'jao-auctions': 500,
    kraken: 503,
    binance: 200,
    coinbase: 200,
  })
  expect((await ask('jao-auctions')).status).toBe(200)
  for (const host of HOST_NAMES.slice(1)) {
    expect([host, (await fetch(`${simulator.urls[host]}/simulator/now`)).status]).toEqual([host, 404])
    expect((await fetch(`${simulator.urls[host]}/simulator/clock`, { method: 'POST' })).status).toBe(405)
  }
  expect((await command({ fault: '503', host: 'moon' })).status).toBe(400)
  expect(await control('requests?host=moon')).toMatchObject({ status: 400 })
})

test('100 a minute with the clock sped up: every request is judged as the host would, and a paced caller is never refused', async () => {
  await start({ speed: 0 })
  const nowMs = async () => Number(await (await fetch(`${simulator.url}/simulator/now`)).text())
  const setSpeed = (speed: number) =>
    fetch(`${simulator.url}/simulator/clock`, { method: 'POST', body: JSON.stringify({ speed }) })
  // 30 at once, then at least nine seconds of simulated time, thirty times: up to twice the limit.
  for (let burst = 0; burst < 30; burst++) {
    const some = await Promise.all(Array.from({ length: 30 }, () => ask('jao')))
    await Promise.all(some.map((answer) => answer.arrayBuffer()))
    await setSpeed(300)
    const untilMs = (await nowMs()) + 9_000
    while ((await nowMs()) < untilMs);
    await setSpeed(0)
  }
  for (let count = 0; count < 101; count++) await (await ask('jao')).arrayBuffer()
  const hasty = await requestsOf('jao')
  const admitted: number[] = []
  for (const { elapsedMs, status, overLimit } of hasty) {
    const recent = admitted.filter((atMs) => atMs > elapsedMs - MINUTE_MS).length
    expect([status, overLimit]).toEqual(recent < 100 ? [200, false] : [429, true])
    if (recent < 100) admitted.push(elapsedMs)
  }
  expect(admitted.length).toBeGreaterThan(100)
  expect(admitted.length).toBeLessThan(hasty.length)

  // 97 of 100: one every 620 ms of simulated time, after a minute of rest.
  await setSpeed(300)
  await sleep(MINUTE_MS / 300 + 20)
  const before = hasty.length
  let dueMs = await nowMs()
  for (let count = 0; count < 150; count++) {
    while ((await nowMs()) < dueMs);
    dueMs = (await nowMs()) + 620
    await (await ask('jao')).arrayBuffer()
  }
  const paced = (await requestsOf('jao')).slice(before)
  expect(paced.map(({ status }) => status)).toEqual(Array(150).fill(200))
})

test('commands to any dataset, spikes and faults of any host outlive the process', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'tidemark-simulator-'))
  const stateFile = join(directory, 'state.json')
  await start({ stateFile })
  await command({ revise: { dataset: 'nordic.maxExchanges', day: '2026-11-20', key: 'border_SE3_SE4', value: 7 } })
  await command({ revise: { dataset: 'core.finalComputation', day: '2026-11-20' } })
  await command({ spike: { host: 'binance', market: 'BTCUSDT', factor: 3, durationS: 86_400 } })
  await command({ fault: '503', host: 'coinbase' })
  const [rows, ticker] = [await (await ask('jao')).text(), await (await ask('binance')).text()]
  expect(rows.match(/"border_SE3_SE4":7\.0{10}/g)).toHaveLength(96)
  const history = () => control('history?dataset=core.finalComputation&day=2026-11-20')
  const publications = await history()
  await simulator.stop()
  // Time passes while it is down; the clock stands still here.
  await start({ stateFile })
  expect(await (await ask('jao')).text()).toBe(rows)
  expect(await (await ask('binance')).text()).toBe(ticker)
  expect(await history()).toEqual(publications)
  expect((await ask('coinbase')).status).toBe(503)
  rmSync(directory, { recursive: true })
})

test('commands name a dataset in any case; what it has not is refused in words', async () => {
  await start({})
  const detail = async (body: unknown) => ((await (await command(body)).json()) as { detail?: string }).detail
  const day = '2026-11-20'
  expect(await detail({ publishNow: { dataset: 'Nordic.MAXEXCHANGES', day: '2026-11-23' } })).toBeUndefined()
  expect(await detail({ addKey: { dataset: 'core.netPos', day, key: 'hub_XX' } })).toBeUndefined()
  expect(await detail({ vanishKey: { dataset: 'core.maxNetPos', day, key: 'minAT' } })).toBeUndefined()
  expect(await detail({ vanishHour: { dataset: 'core.netPos', day, hour: '2026-11-20T10:15:00Z' } })).toBeUndefined()
  const { rows } = await control<{ rows: { hour: string; key: string }[] }>(`truth?dataset=core.netPos&day=${day}`)
  expect(rows).toHaveLength(95 * 24)
  expect(await detail({ revise: { dataset: 'core.nothing', day } })).toContain('there are core.maxExchanges')
  expect(await detail({ revise: { dataset: 'nordic.maxExchanges', day: '2024-10-29' } })).toContain('holds 2024-10-30')
  expect(await detail({ addKey: { dataset: 'core.netPos', day, key: 'border_XX_YY' } })).toContain(
    'must look like hub_ALBE',
  )
  expect(await detail({ revise: { dataset: 'core.lta', day, key: 'border_XX_YY' } })).toContain(
    'has no key border_XX_YY',
  )
  expect(await control('truth?dataset=core.nothing&day=2026-11-20')).toMatchObject({ status: 400 })
})
