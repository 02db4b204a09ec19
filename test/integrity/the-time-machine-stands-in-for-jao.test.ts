// Clients of JAO read tidemark as if it were JAO, now and at an instant of the past. The simulated upstream says what is right.
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type RunningApi, startApi } from './api-parts.ts'
import { startUpstream } from './poller-parts.ts'
import { type SimulatorClient, simulatorClient, windowOf } from './simulator-client.ts'
import { type Chain, startChain } from './whole-chain.ts'

vi.setConfig({ testTimeout: 120_000 })

const path = '/core/api/data/maxExchanges'
const days = ['2026-06-12', '2026-06-13', '2025-10-26']

let chain: Chain
let upstream: Awaited<ReturnType<typeof startUpstream>>
let simulator: SimulatorClient
let api: RunningApi

beforeAll(async () => {
  chain = await startChain()
  upstream = await startUpstream({ startMs: Date.parse('2026-11-20T12:00:00Z'), seed: 5 })
  simulator = simulatorClient(upstream.url)
  await chain.poll(upstream.url, 'simulator')
  await chain.ask(upstream.url, days)
  api = await startApi(chain, { SIMULATOR_URL: upstream.url })
})
afterAll(async () => {
  await chain?.stop()
  await upstream?.stop()
})

const bytes = async (answer: Response): Promise<Buffer> => Buffer.from(await answer.arrayBuffer())
const ofJao = async (query: string): Promise<Buffer> => bytes(await fetch(`${upstream.url}${path}?${query}`))
const machine = (query: string, instant = 'now', more: RequestInit = {}): Promise<Response> =>
  fetch(`${api.url}/time-machine/${instant}/jao${path}?${query}`, more)
const span = (fromMs: number, toMs: number): string =>
  `FromUtc=${new Date(fromMs).toISOString()}&ToUtc=${new Date(toMs).toISOString()}`
const day = (name: string): string => span(windowOf(name).startMs, windowOf(name).endMs)

test('a day is the very bytes of upstream, also the long one', async () => {
  for (const name of days) {
    const answer = await machine(day(name))
    expect((await bytes(answer)).equals(await ofJao(day(name)))).toBe(true)
    const { headers } = answer
    expect(headers.get('x-tidemark-composed')).toContain('the very bytes')
    expect(headers.get('x-tidemark-raw')).toMatch(/^jao\.raw\/\d+\/\d+$/)
    expect(headers.get('content-type')).toContain('application/json')
  }
})

test('another span has the rows of upstream, cut out of the days that cover it', async () => {
  const { startMs } = windowOf('2026-06-12')
  const hourMs = 3_600_000
  for (const query of [
    // As jao-py asks: two days, to 23:59.
    span(startMs + 2 * hourMs, startMs + 26 * hourMs - 60_000),
    span(startMs, startMs + 48 * hourMs),
    day('2026-06-12').replace('FromUtc', 'fromutc').replace('ToUtc', 'TOUTC'),
  ]) {
    const wanted = JSON.parse(`${await ofJao(query)}`)
    expect(wanted.data.length).toBeGreaterThan(20)
    const answer = await machine(query)
    const text = `${await bytes(answer)}`
    expect(JSON.parse(text)).toEqual(wanted)
    // Numbers stay as upstream wrote them.
    expect(text).toMatch(/:\d+\.0000000000[,}]/)
  }
})

test('before a revision the old bytes are there; the list of all answers names both', async () => {
  const query = day('2026-06-13')
  const before = await bytes(await machine(query))
  const [first] = await chain.query<{ at: string }>(
    `SELECT formatDateTime(max(known_at), '%Y-%m-%dT%H:%i:%S.%fZ') AS at FROM tidemark.stored_answers
     WHERE dataset = 'jao.core.maxExchanges' AND window_start = fromUnixTimestamp64Milli(${windowOf('2026-06-13').startMs})`,
  )
  await simulator.command({ revise: { day: '2026-06-13', hour: 4, key: 'border_AT_BE', value: 7 } })
  await chain.ask(upstream.url, ['2026-06-13'])
  const after = await bytes(await machine(query))
  expect(after.equals(await ofJao(query))).toBe(true)
  expect(after.equals(before)).toBe(false)
  const at = new Date(Date.parse(first!.at)).toISOString()
  expect((await bytes(await machine(query, at))).equals(before)).toBe(true)
  expect((await machine(query, new Date(Date.parse(first!.at) - 1).toISOString())).status).toBe(404)

  const map = await (await fetch(`${api.url}/time-machine/timemap/jao${path}?${query}`)).text()
  const mementos = [...map.matchAll(/^<([^>]+)>; rel="memento"; datetime="[^"]+ GMT"; outcome="changed"/gm)]
  expect(mementos.length).toBe(2)
  const stored = await Promise.all(mementos.map(async ([, url = '']) => bytes(await fetch(url))))
  expect(stored.map((body) => [body.equals(before), body.equals(after)])).toEqual([
    [true, false],
    [false, true],
  ])
})

test('a wish for a date leads to the answer of then (RFC 7089)', async () => {
  const query = day('2026-06-12')
  const gate = await machine(query, 'now', {
    headers: { 'accept-datetime': 'Thu, 01 Jan 2037 00:00:00 GMT' },
    redirect: 'manual',
  })
  expect([gate.status, gate.headers.get('vary')]).toEqual([302, expect.stringContaining('Accept-Datetime')])
  const memento = await fetch(gate.headers.get('location')!)
  // Before the first answer, the first is the nearest.
  const early = await machine(query, 'now', { headers: { 'accept-datetime': 'Thu, 01 Jan 2015 00:00:00 GMT' } })
  expect(early.status).toBe(200)
  const wrong = await machine(query, 'now', { headers: { 'accept-datetime': '2026-11-27' } })
  expect(wrong.status).toBe(400)
  expect((await bytes(memento)).equals(await ofJao(query))).toBe(true)
  expect(memento.headers.get('memento-datetime')).toMatch(/GMT$/)
  const link = memento.headers.get('link')!
  for (const rel of ['original', 'timegate', 'timemap', 'first last memento']) expect(link).toContain(`rel="${rel}"`)
  expect(link).toContain(`<https://publicationtool.jao.eu${path}`)
})

test('a day that was only ever empty is the empty answer; one that was never asked for is named', async () => {
  const tomorrow = '2026-11-25'
  await chain.ask(upstream.url, [tomorrow])
  const empty = await machine(day(tomorrow))
  expect([empty.status, JSON.parse(`${await bytes(empty)}`).data]).toEqual([200, []])
  const never = await machine(day('2026-06-14'))
  expect(never.status).toBe(404)
  expect(((await never.json()) as { detail: string }).detail).toContain('2026-06-13T22:00:00Z to 2026-06-14T22:00:00Z')
  // A span with one day that is there, and one that is not, is not a shorter answer.
  const { startMs } = windowOf('2026-06-13')
  expect((await machine(span(startMs, startMs + 48 * 3_600_000))).status).toBe(404)
})

test('what cannot be applied is refused, and never ignored', async () => {
  const status = async (address: string) => (await fetch(`${api.url}/time-machine/${address}`)).status
  const query = day('2026-06-12')
  expect(await status(`now/jao${path}?${query}&Filter=${encodeURIComponent('{"Tso":["x"]}')}`)).toBe(400)
  expect(await status(`now/jao${path}?${query}&Colour=red`)).toBe(400)
  expect(await status(`now/jao${path}`)).toBe(400)
  expect(await status(`now/jao/core/api/data/other?${query}`)).toBe(404)
  expect(await status(`now/nobody${path}?${query}`)).toBe(404)
  expect(await status(`yesterday/jao${path}?${query}`)).toBe(400)
})
