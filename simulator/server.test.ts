import { createHash } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startSimulator } from './server.ts'

type Row = { id: number; dateTimeUtc: string } & Record<string, number | string | null>
type Truth = {
  revision: number | null
  publishedAt: string | null
  rows: { hour: string; key: string; value: number | null }[]
}
type Logged = {
  seq: number
  status: number
  fault: string | null
  overLimit: boolean
  bytes: number
  sha256: string
  simMs: number
}
type Listed = { revision: number; publishedAt: string; published: boolean; cause: string; firstId: number }

/** The 20th is published (about 08:30Z on the 19th), the 21st is not. The clock stands still. */
const START = Date.parse('2026-04-20T06:00:00Z')
const DAY = ['2026-04-19T22:00:00Z', '2026-04-20T22:00:00Z'] as const
const NEXT = ['2026-04-20T22:00:00Z', '2026-04-21T22:00:00Z'] as const
const EMPTY = '{"data":[],"rejected":false,"messages":null}'

let simulator: Awaited<ReturnType<typeof startSimulator>>

beforeEach(async () => {
  simulator = await startSimulator({ startMs: START, speed: 0, limitPerMinute: 1000 })
})
afterEach(() => simulator.stop())

const fetchWindow = (from: string, to: string, init: RequestInit = {}) =>
  fetch(`${simulator.url}/core/api/data/maxExchanges?FromUtc=${from}&ToUtc=${to}`, init)
const dataOf = async (response: Response) => ((await response.json()) as { data: Row[] }).data
const rowsOf = async (from: string, to: string) => dataOf(await fetchWindow(from, to))
const control = async <T>(path: string) => (await (await fetch(`${simulator.url}/simulator/${path}`)).json()) as T
const post = async (path: string, body: unknown) => {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const response = await fetch(`${simulator.url}/simulator/${path}`, { method: 'POST', body: text })
  return {
    status: response.status,
    json: (await response.json()) as Record<string, unknown> & { publications: Listed[] },
  }
}
const command = async (body: unknown) => {
  const { status, json } = await post('command', body)
  expect(status, JSON.stringify(json)).toBe(200)
  return json
}
const setClock = async (change: unknown) => expect((await post('clock', change)).status).toBe(200)
const points = (rows: Row[]) =>
  rows.flatMap(({ id, dateTimeUtc, ...values }) =>
    Object.entries(values).map(([key, value]) => ({ hour: new Date(dateTimeUtc).toISOString(), key, value })),
  )
const expectTruth = async (day: string, [from, to]: readonly [string, string]) => {
  const truth = await control<Truth>(`truth?day=${day}`)
  expect(points(await rowsOf(from, to))).toEqual(truth.rows)
  return truth
}

test('answers a published day in the shape of the recording', async () => {
  const response = await fetchWindow(...DAY)
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
  const text = await response.text()
  expect(text).toMatch(
    /^\{"data":\[\{"id":\d+,"dateTimeUtc":"2026-04-19T22:00:00Z","border_AT_BE":\d{4}\.0{10},.*"border_SK_SI":\d{4}\.0{10}\}\],"rejected":false,"messages":null\}$/,
  )
  const rows = JSON.parse(text).data as Row[]
  expect(rows).toHaveLength(24)
  expect(rows.every((row, index) => Object.keys(row).length === 134 && row.id === rows[0]!.id + index)).toBe(true)
  const values = points(rows).map(({ value }) => value as number)
  expect(Math.min(...values)).toBeGreaterThanOrEqual(733)
  expect(Math.max(...values)).toBeLessThanOrEqual(15_004)
})

test('path and parameter names in any case, To excluded, two days in one answer, other paths unknown', async () => {
  const odd = await fetch(
    `${simulator.url}/CORE/api/data/MaxExchanges?fromutc=2026-04-18T22:00Z&TOUTC=2026-04-20T22:00Z`,
  )
  const rows = await dataOf(odd)
  expect(rows).toHaveLength(48)
  expect(rows.at(-1)!.dateTimeUtc).toBe('2026-04-20T21:00:00Z')
  expect(await rowsOf('2026-04-20T03:00:00Z', '2026-04-20T05:00:00Z')).toEqual(rows.slice(29, 31))
  // Half of the window is not published: upstream answers the other half.
  expect(await rowsOf(DAY[0], NEXT[1])).toEqual(rows.slice(24))
  expect((await fetch(`${simulator.url}/nordic/api/data/lta`)).status).toBe(404)
  expect((await fetch(`${simulator.url}/core/api/data/maxExchanges`, { method: 'POST' })).status).toBe(405)
  expect(await rowsOf('2022-06-07T22:00:00Z', '2022-06-09T22:00:00Z')).toHaveLength(24)
})

test('more than 48 hours is a 400 with problem+json', async () => {
  const response = await fetchWindow(DAY[0], '2026-04-21T22:00:01Z')
  expect(response.status).toBe(400)
  expect(response.headers.get('content-type')).toContain('application/problem+json')
  expect(await response.json()).toMatchObject({
    status: 400,
    errors: { ToUtc: ['The requested range must not exceed 2 days.'] },
  })
})

test('the short day has 23 hours, the long one 25, and 11 June 2026 has 150 keys', async () => {
  await setClock({ set: '2026-11-01T00:00:00Z' })
  expect(await rowsOf('2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z')).toHaveLength(23)
  await expectTruth('2026-03-29', ['2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z'])
  expect(await rowsOf('2026-10-24T22:00:00Z', '2026-10-25T23:00:00Z')).toHaveLength(25)
  await expectTruth('2026-10-25', ['2026-10-24T22:00:00Z', '2026-10-25T23:00:00Z'])
  const rows = await rowsOf('2026-06-09T22:00:00Z', '2026-06-11T22:00:00Z')
  const keys = rows.map((row) => Object.keys(row).length - 2)
  expect(keys).toEqual([...Array(24).fill(132), ...Array(24).fill(150)])
  expect(Object.keys(rows[24]!)).toContain('border_DE_DE_DK1_VH')
})

test('tomorrow is published at its instant and not a millisecond earlier', async () => {
  const { publications } = await control<{ publications: Listed[] }>('history?day=2026-04-21')
  const [first] = publications
  expect(first).toMatchObject({ revision: 0, published: false, cause: 'first' })
  const publishedMs = Date.parse(first!.publishedAt)
  expect(publishedMs).toBeGreaterThanOrEqual(Date.parse('2026-04-20T08:20:00Z'))
  expect(publishedMs).toBeLessThan(Date.parse('2026-04-20T08:40:00Z'))
  await setClock({ set: new Date(publishedMs - 1).toISOString() })
  expect(await (await fetchWindow(...NEXT)).text()).toBe(EMPTY)
  expect(await control<Truth>('truth?day=2026-04-21')).toMatchObject({ revision: null, publishedAt: null, rows: [] })
  await setClock({ set: first!.publishedAt })
  expect((await rowsOf(...NEXT))[0]!.id).toBe(first!.firstId)
  expect(await expectTruth('2026-04-21', NEXT)).toMatchObject({ revision: 0, publishedAt: first!.publishedAt })
})

test('publishNow and delay move the first publication', async () => {
  await command({ publishNow: { day: '2026-04-21' } })
  expect(await rowsOf(...NEXT)).toHaveLength(24)
  const later = ['2026-04-21T22:00:00Z', '2026-04-22T22:00:00Z'] as const
  const planned = (await control<{ publications: Listed[] }>('history?day=2026-04-22')).publications[0]!
  const { publications } = await command({ delay: { day: '2026-04-22', minutes: 60 } })
  expect(Date.parse(publications[0]!.publishedAt) - Date.parse(planned.publishedAt)).toBe(3_600_000)
  await setClock({ set: planned.publishedAt })
  expect(await rowsOf(...later)).toEqual([])
  await setClock({ set: publications[0]!.publishedAt })
  expect(await rowsOf(...later)).toHaveLength(24)
  expect((await post('command', { publishNow: { day: '2026-04-21' } })).json.detail).toContain('is published since')
})

test('revisions are re-publications with new ids, and the truth remembers what was before', async () => {
  const before = await rowsOf(...DAY)
  const beforeTruth = await control<Truth>('truth?day=2026-04-20')
  const beforeAt = new Date((await control<{ nowMs: number }>('clock')).nowMs).toISOString()
  await command({ revise: { day: '2026-04-20', hour: '2026-04-20T05:00:00Z', key: 'border_AT_BE', value: 10 } })
  const after = await rowsOf(...DAY)
  const old = points(before)
  const changed = points(after).filter((point, index) => point.value !== old[index]!.value)
  expect(changed).toEqual([{ hour: '2026-04-20T05:00:00.000Z', key: 'border_AT_BE', value: 10 }])
  expect(after[0]!.id).toBeGreaterThan(before.at(-1)!.id)
  await expectTruth('2026-04-20', DAY)

  await command({ revise: { day: '2026-04-20', hour: 7, key: 'border_AT_BE', value: null } })
  expect((await rowsOf(...DAY))[7]!.border_AT_BE).toBeNull()
  await command({ vanishHour: { day: '2026-04-20', hour: 0 } })
  expect((await rowsOf(...DAY))[0]!.dateTimeUtc).toBe('2026-04-19T23:00:00Z')
  await command({ vanishKey: { day: '2026-04-20', key: 'border_AT_CZ' } })
  expect(Object.keys((await rowsOf(...DAY))[0]!)).not.toContain('border_AT_CZ')
  await command({ addKey: { day: '2026-04-20', key: 'border_AT_MD' } })
  expect(Object.keys((await rowsOf(...DAY))[0]!).slice(2, 11)).toContain('border_AT_MD')
  await command({ revise: { day: '2026-04-20' } })
  const last = await expectTruth('2026-04-20', DAY)
  expect(last.rows).toHaveLength(23 * 132)
  expect((await rowsOf(...DAY))[6]!.border_AT_BE).toBeNull()

  expect(await control<Truth>(`truth?day=2026-04-20&at=${beforeAt}`)).toEqual({ ...beforeTruth, at: beforeAt })
  const { publications } = await control<{ publications: Listed[] }>('history?day=2026-04-20')
  expect(publications.filter(({ cause }) => cause === 'command')).toHaveLength(6)
  expect(publications.at(-1)!.revision).toBe(last.revision)
})

const faulty = async (fault: unknown) => {
  await command(fault)
  return fetchWindow(...DAY)
}
const good = async () => (await fetchWindow(...DAY)).text()

test.each([
  [{ fault: '429', count: 1 }, 429, null],
  [{ fault: '429-retry-after', retryAfterS: 7, count: 1 }, 429, '7'],
  [{ fault: '500', count: 1 }, 500, null],
  [{ fault: '503', count: 1 }, 503, null],
])('fault %j', async (fault, status, retryAfter) => {
  const response = await faulty(fault)
  expect(response.status).toBe(status)
  expect(response.headers.get('retry-after')).toBe(retryAfter)
  expect(response.headers.get('content-type')).toContain('application/problem+json')
  expect((await fetchWindow(...DAY)).status).toBe(200)
  expect(await control('stats')).toMatchObject({ byFault: { [fault.fault]: 1 }, limitViolations: 0, faults: [] })
})

test('fault bodies: html, rejected, empty, garbage, wrong day, shortened', async () => {
  const html = await faulty({ fault: 'html', count: 1 })
  expect([html.status, html.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
  expect(await html.text()).toContain('<html>')
  expect(await (await faulty({ fault: 'rejected', count: 1 })).json()).toMatchObject({ rejected: true })
  expect(await (await faulty({ fault: 'empty', count: 1 })).text()).toBe(EMPTY)
  const garbage = await (await faulty({ fault: 'garbage-json', count: 1 })).text()
  expect(() => JSON.parse(garbage)).toThrow(SyntaxError)
  const wrong = await dataOf(await faulty({ fault: 'wrong-day', count: 1 }))
  expect([wrong.length, wrong[0]!.dateTimeUtc]).toEqual([24, '2026-04-18T22:00:00Z'])
  const short = await (await faulty({ fault: 'cut-off-json', count: 1 })).text()
  const whole = await good()
  expect(short).toBe(whole.slice(0, Math.floor(whole.length / 2)))
})

test('faults of the connection: cut off, reset, slow, huge', async () => {
  const cut = await faulty({ fault: 'cut-off', count: 1 })
  expect(cut.status).toBe(200)
  await expect(cut.arrayBuffer()).rejects.toThrow()
  await command({ fault: 'reset', count: 1 })
  await expect(fetchWindow(...DAY)).rejects.toThrow()

  const whole = await good()
  for (const part of ['header', 'body']) {
    await command({ fault: 'slow', ms: 86_400_000, part, count: 1 })
    const patience = AbortSignal.timeout(200)
    const answer = fetchWindow(...DAY, { signal: patience }).then((response) => response.text())
    await expect(answer).rejects.toThrow()
    expect(await (await faulty({ fault: 'slow', ms: 20, part, count: 1 })).text()).toBe(whole)
  }
  const huge = await (await faulty({ fault: 'huge', bytes: 3_000_000, count: 1 })).text()
  expect(huge).toHaveLength(3_000_000)
  expect(JSON.parse(huge)).toEqual({ data: [], rejected: false, messages: null })
  const { requests } = await control<{ requests: Logged[] }>('requests')
  expect(requests.find(({ fault }) => fault === 'huge')).toMatchObject({ bytes: 3_000_000, sha256: sha256(huge) })
  expect(requests.find(({ fault }) => fault === 'cut-off')).toMatchObject({ bytes: Math.floor(whole.length / 2) })
  expect(requests.find(({ fault }) => fault === 'reset')).toMatchObject({ status: 0, bytes: 0 })
})

test('a fault is for n requests, for a day, or until cleared', async () => {
  const statuses = async (window: readonly [string, string], times: number) => {
    const found: number[] = []
    for (let time = 0; time < times; time++) found.push((await fetchWindow(...window)).status)
    return found
  }
  await command({ fault: '500', count: 2, day: '2026-04-20' })
  expect(await statuses(NEXT, 2)).toEqual([200, 200])
  expect(await statuses(DAY, 3)).toEqual([500, 500, 200])
  await command({ fault: '503' })
  expect(await statuses(DAY, 3)).toEqual([503, 503, 503])
  await command({ clear: true })
  expect(await statuses(DAY, 1)).toEqual([200])
})

test('the limit counts a sliding simulated minute: speed shortens it, setting the clock does not', async () => {
  await simulator.stop()
  simulator = await startSimulator({ startMs: START, speed: 0, limitPerMinute: 3 })
  const statuses: number[] = []
  for (let time = 0; time < 5; time++) statuses.push((await fetchWindow(...DAY)).status)
  expect(statuses).toEqual([200, 200, 200, 429, 429])
  await setClock({ set: '2026-04-20T07:00:00Z' })
  const refused = await fetchWindow(...DAY)
  expect(refused.status).toBe(429)
  expect(refused.headers.get('retry-after')).toBeNull()
  expect((await fetchWindow(...DAY)).headers.get('retry-after')).toBe('60')
  expect(await control('stats')).toMatchObject({ limitViolations: 4, busiestMinute: 7, byStatus: { 200: 3, 429: 4 } })
  // A millisecond of real time is more than a quarter of an hour.
  await setClock({ speed: 1_000_000 })
  await new Promise((resolve) => setTimeout(resolve, 5))
  await setClock({ speed: 0 })
  expect((await fetchWindow(...DAY)).status).toBe(200)
  const { requests } = await control<{ requests: Logged[] }>('requests')
  expect(requests.map(({ overLimit }) => overLimit)).toEqual([false, false, false, true, true, true, true, false])
})

test('with the clock running, each answer equals the truth at its logged instant', async () => {
  await setClock({ set: '2026-04-20T08:00:00Z', speed: 20_000 })
  const bodies: Row[][] = []
  while (
    bodies.length < 400 &&
    (await control<{ nowMs: number }>('clock')).nowMs < Date.parse('2026-04-20T11:00:00Z')
  ) {
    bodies.push(await rowsOf(...NEXT))
    if (bodies.length % 20 === 19 && bodies.at(-1)!.length > 0) await command({ revise: { day: '2026-04-21' } })
  }
  const { requests } = await control<{ requests: Logged[] }>('requests')
  expect(requests).toHaveLength(bodies.length)
  const told = new Map<string, unknown>()
  for (const [index, { simMs, sha256: hash }] of requests.entries()) {
    const at = new Date(simMs).toISOString()
    const { revision, rows } = await control<Truth>(`truth?day=2026-04-21&at=${at}`)
    const known = told.get(hash)
    expect(known ?? revision).toBe(revision)
    if (known === undefined) expect(points(bodies[index]!)).toEqual(rows)
    told.set(hash, revision)
  }
  expect(new Set(told.values()).size).toBe(told.size)
})

test('the log holds what was answered, hash of the bytes included', async () => {
  const whole = await good()
  await command({ fault: 'html', count: 1 })
  const html = await good()
  await fetchWindow('x', DAY[1])
  const { firstSeq, requests } = await control<{ firstSeq: number; requests: Logged[] }>('requests')
  expect(firstSeq).toBe(1)
  expect(requests).toMatchObject([
    {
      seq: 1,
      status: 200,
      fault: null,
      fromUtc: DAY[0],
      toUtc: DAY[1],
      simMs: START,
      sha256: sha256(whole),
      bytes: whole.length,
    },
    { seq: 2, status: 200, fault: 'html', sha256: sha256(html) },
    { seq: 3, status: 400, fromUtc: 'x' },
  ])
  expect((await control<{ requests: Logged[] }>('requests?since=3')).requests).toHaveLength(1)
})

test('ETag only when it is switched on: 304 for the same, 200 after a revision', async () => {
  expect((await fetchWindow(...DAY)).headers.get('etag')).toBeNull()
  await command({ etag: true })
  const etag = (await fetchWindow(...DAY)).headers.get('etag')!
  const again = (tag: string) => fetchWindow(...DAY, { headers: { 'if-none-match': tag } })
  const same = await again(etag)
  expect([same.status, same.headers.get('etag'), await same.text()]).toEqual([304, etag, ''])
  expect((await again(`"other", W/${etag}`)).status).toBe(304)
  await command({ revise: { day: '2026-04-20', key: 'border_AT_BE' } })
  expect((await again(etag)).status).toBe(200)
  expect(await control('stats')).toMatchObject({ notModified: 2, byStatus: { 304: 2 } })
})

test('the clock is set and sped up, and does not go back unasked', async () => {
  expect(await control('clock')).toEqual({ nowMs: START, speed: 0 })
  await setClock({ set: '2026-04-20T12:00:00+02:00' })
  expect(await (await fetch(`${simulator.url}/simulator/now`)).text()).toBe(String(Date.UTC(2026, 3, 20, 10)))
  const refused = await post('clock', { set: '2026-04-20T09:00:00Z' })
  expect([refused.status, refused.json.detail]).toEqual([400, expect.stringContaining('allowBackwards')])
  await setClock({ set: '2026-04-20T09:00:00Z', allowBackwards: true })
  expect(await control('clock')).toMatchObject({ nowMs: Date.UTC(2026, 3, 20, 9) })
})

test.each([
  ['command', '{', 'must be JSON'],
  ['command', {}, 'exactly one of the keys'],
  ['command', [], 'exactly one of the keys'],
  ['command', { clear: true, fault: '429' }, 'exactly one of the keys'],
  ['command', { fault: 'teapot' }, 'fault'],
  ['command', { fault: 'slow' }, 'ms'],
  ['command', { fault: '500', count: 0 }, 'count'],
  ['command', { revise: { day: '2026-02-30' } }, 'day'],
  ['command', { revise: { day: '2026-04-20', mw: 3 } }, 'mw'],
  ['command', { revise: { day: '2020-01-01' } }, 'is not a day of this upstream'],
  ['command', { revise: { day: '2026-04-21' } }, 'not published yet'],
  ['command', { revise: { day: '2026-04-20', hour: 24, value: 1 } }, 'has no row for hour 24'],
  ['command', { vanishHour: { day: '2026-04-20', hour: '2026-04-20T05:30:00Z' } }, 'has no row for hour'],
  ['command', { vanishKey: { day: '2026-04-20', key: 'border_AT_AT' } }, 'has no key border_AT_AT'],
  ['command', { addKey: { day: '2026-04-20', key: 'border_AT_BE' } }, 'already'],
  ['command', { addKey: { day: '2026-04-20', key: 'id' } }, 'must look like border_AT_BE'],
  ['clock', { set: 'noon' }, 'set'],
  ['clock', { speed: -1 }, 'speed'],
])('POST /simulator/%s %j is refused in words', async (path, body, words) => {
  const { status, json } = await post(path, body)
  expect(status).toBe(400)
  expect(json.detail).toContain(words)
  expect((await fetchWindow(...DAY)).status).toBe(200)
})

test('the control refuses a long body, the future, unknown paths and web pages', async () => {
  expect((await post('command', 'x'.repeat(70_000))).json.detail).toContain('longer than 64 KiB')
  expect(await control('truth?day=2026-04-20&at=2026-04-20T06:00:01Z')).toMatchObject({ status: 400 })
  expect(await control('truth?day=2026-04-20&at=2026-04-20T05:00:00')).toMatchObject({ status: 400 })
  expect(await control('truth?day=soon')).toMatchObject({ status: 400 })
  expect(await control('nothing')).toMatchObject({ status: 404 })
  const page = await fetch(`${simulator.url}/simulator/stats`, { headers: { origin: 'http://example.org' } })
  expect(page.status).toBe(403)
})

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
