// The API on the real chain: values, revisions, raw bytes, rights and changes over HTTP.
import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { businessDay } from '#core/business-day.ts'
import { hostLogSchema, parkingSchema, type RawResponse, rawResponseSchema } from '#schemas/generated/records.ts'
import { parkingTopic } from '#schemas/topics.ts'
import openapi from '#services/api/generated/openapi.json' with { type: 'json' }
import { rawResponse } from '../support/raw-responses.ts'
import { type RunningApi, type ServerEvent, startApi } from './api-parts.ts'
import { type Chain, dataset, eventually, startChain } from './whole-chain.ts'

vi.setConfig({ testTimeout: 120_000 })

const hourMs = 3_600_000
const key = 'border_AT_BE'
const zone = 'Europe/Brussels'

let chain: Chain
let api: RunningApi
let places: { partition: number; offset: number }[]

/** A day's answer in upstream's form, with one border. An hour of which `value` returns undefined is left out. */
function dayAnswer(day: string, knownAt: string, value: (hour: number) => number | null | undefined): RawResponse {
  const { window } = businessDay(zone, day)
  const hours = (window.endMs - window.startMs) / hourMs
  const rows = Array.from({ length: hours }, (_, hour) => ({ hour, mw: value(hour) }))
    .filter(({ mw }) => mw !== undefined)
    .map(({ hour, mw }) => ({ dateTimeUtc: new Date(window.startMs + hour * hourMs).toISOString(), [key]: mw }))
  return rawResponse(window, Buffer.from(JSON.stringify({ data: rows })), Date.parse(knownAt))
}

const answers = [
  // The long day of 2025: 25 hours. The hour 5 is missing.
  dayAnswer('2025-10-26', '2025-10-25T09:00:00Z', (hour) => (hour === 5 ? undefined : hour * 10)),
  dayAnswer('2025-10-27', '2025-10-26T09:00:00Z', () => 100),
  // An hour later two of its hours were revised.
  dayAnswer('2025-10-27', '2025-10-26T10:00:00Z', (hour) => (hour < 2 ? 130 + hour : 100)),
]

beforeAll(async () => {
  chain = await startChain()
  places = await tell(answers)
  api = await startApi(chain, { NORMALIZER_URL: chain.normalizer.url })
})
afterAll(() => chain?.stop())

async function tell(all: RawResponse[]): Promise<{ partition: number; offset: number }[]> {
  const encode = await chain.registry.encoder('jao.raw', rawResponseSchema)
  const written = []
  for (const answer of all) {
    const [place] = await chain.producer.send('jao.raw', [{ key: answer.requestIdentity, value: encode(answer) }])
    written.push(place!)
  }
  await chain.settled()
  return written
}

interface Values {
  asOf: { requested: string | null; effective: string; firstKnown: string; settled: string }
  data: { ts: string; local: string; value: number | null; known_at: string | null; coverage: number | null }[]
}

const series = `series/${dataset}/${key}`

describe('values', () => {
  test('have an explicit null for each hour without one, in local time with its offset', async () => {
    const { data, asOf } = await api.json<Values>(`${series}?from=2025-10-26&to=2025-10-27&tz=${zone}`)
    expect(data.length).toBe(25)
    expect(data.map(({ value }) => value)).toEqual(
      Array.from({ length: 25 }, (_, hour) => (hour === 5 ? null : hour * 10)),
    )
    // 02:00 is there twice, first in summer time.
    expect(data.slice(2, 4).map(({ ts, local }) => [ts, local])).toEqual([
      ['2025-10-26T00:00:00Z', '2025-10-26T02:00:00+02:00'],
      ['2025-10-26T01:00:00Z', '2025-10-26T02:00:00+01:00'],
    ])
    // The answer has no row for the hour 5. Of the day before there is no answer.
    expect(data[5]).toMatchObject({ value: null, known_at: '2025-10-25T09:00:00.000Z' })
    const before = await api.json<Values>(`${series}?from=2025-10-25&to=2025-10-26&tz=${zone}`)
    expect(before.data.length).toBe(24)
    expect(before.data.every((row) => row.value === null && row.known_at === null)).toBe(true)
    expect(asOf).toMatchObject({ requested: null, firstKnown: '2025-10-25T09:00:00.000Z' })
  })

  test('are those that were known at an instant; before the first answer there are nulls', async () => {
    const at = async (instant: string) => {
      const { data, asOf } = await api.json<Values>(`${series}?from=2025-10-27&to=2025-10-28&tz=${zone}&at=${instant}`)
      expect([asOf.requested, asOf.effective]).toEqual([instant, instant])
      return data.map(({ value }) => value).slice(0, 3)
    }
    expect(await at('2025-10-26T08:59:59.999Z')).toEqual([null, null, null])
    expect(await at('2025-10-26T09:00:00.000Z')).toEqual([100, 100, 100])
    expect(await at('2025-10-26T10:00:00.000Z')).toEqual([130, 131, 100])
  })

  test('come in buckets: the mean over time, and which part of the bucket has values', async () => {
    const day = `${series}?from=2025-10-26&to=2025-10-28&tz=${zone}`
    const { data } = await api.json<Values>(`${day}&resolution=P1D`)
    // 0 + 10 + … + 240 without 50, over 24 hours; 130 + 131 + 22 × 100 over 24 hours.
    expect(data).toMatchObject([
      { local: '2025-10-26T00:00:00+02:00', value: 2_950 / 24, min: 0, max: 240, coverage: 24 / 25 },
      { local: '2025-10-27T00:00:00+01:00', value: 2_461 / 24, min: 100, max: 131, coverage: 1 },
    ])
    const quarters = (await api.json<Values>(`${day}&resolution=PT15M`)).data
    expect(quarters.length).toBe(49 * 4)
    expect(quarters.slice(4, 8).map(({ value, coverage }) => [value, coverage])).toEqual(Array(4).fill([10, 1]))
    expect(quarters.slice(20, 24).map(({ value, coverage }) => [value, coverage])).toEqual(Array(4).fill([null, 0]))
  })

  test('come as CSV, NDJSON and Arrow, by suffix or by Accept', async () => {
    const span = 'from=2025-10-25T22:00:00Z&to=2025-10-26T00:00:00Z'
    const csv = await api.get(`${series}.csv?${span}`)
    expect(csv.headers.get('content-type')).toBe('text/csv; charset=utf-8')
    const known = '"2025-10-25T09:00:00.000Z"'
    expect(await csv.text()).toBe(
      `"ts","value","known_at","step_s","flags"\n"2025-10-25T22:00:00Z",0,${known},3600,"[]"\n"2025-10-25T23:00:00Z",10,${known},3600,"[]"\n`,
    )
    const ndjson = await api.get(`${series}?${span}`, { headers: { accept: 'application/x-ndjson' } })
    expect(
      (await ndjson.text())
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).value),
    ).toEqual([0, 10])
    const arrow = await api.get(`${series}.arrow?${span}`)
    expect(arrow.headers.get('content-type')).toBe('application/vnd.apache.arrow.stream')
    // The stream begins with the mark of a message that is continued, and ends with an empty message.
    const bytes = Buffer.from(await arrow.arrayBuffer())
    expect([bytes.subarray(0, 4).toString('hex'), bytes.subarray(-8).toString('hex')]).toEqual([
      'ffffffff',
      'ffffffff00000000',
    ])
    expect((await api.get(series, { headers: { accept: 'image/png' } })).status).toBe(406)
  })

  test('of the past have a tag, which a later answer about the past changes', async () => {
    const path = `${series}?from=2025-10-27&to=2025-10-28&tz=${zone}&at=2025-10-26T09:30:00Z`
    const first = await api.get(path)
    const tag = first.headers.get('etag')!
    expect(tag).toMatch(/^"[\w-]{24}"$/)
    for (const named of [tag, `W/${tag}`, `"other", ${tag}`, '*'])
      expect((await api.get(path, { headers: { 'if-none-match': named } })).status).toBe(304)
    expect((await api.get(path, { headers: { 'if-none-match': '"other"' } })).status).toBe(200)
    expect(Buffer.from(await (await api.get(path)).arrayBuffer()).equals(Buffer.from(await first.arrayBuffer()))).toBe(
      true,
    )
    expect((await api.get(`${series}?from=2025-10-27`)).headers.get('etag')).toBeNull()
    // A dead letter that is requeued brings an answer that was known then, and is stored only now.
    await tell([dayAnswer('2025-10-28', '2025-10-26T09:10:00Z', () => 1)])
    await eventually('the tag changes', async () => (await api.get(path)).headers.get('etag') !== tag)
  })
})

test('lists come in pages, each row once, whatever the size of a page', async () => {
  const span = 'since=2025-10-26&until=2025-10-27'
  const whole = (await api.json<{ data: unknown[] }>(`changes?${span}`)).data
  expect(whole.length).toBe(2)
  const rows: unknown[] = []
  let next: string | null = `/api/v1/changes?${span}&limit=1`
  while (next !== null) {
    const answer: Response = await fetch(`${api.url}${next}`)
    const page = (await answer.json()) as { data: unknown[]; next: string | null }
    expect(answer.headers.get('link')).toBe(page.next === null ? null : `<${page.next}>; rel="next"`)
    rows.push(...page.data)
    next = page.next
  }
  expect(rows).toEqual(whole)
  expect(whole).toMatchObject([
    { key, ts: '2025-10-27T00:00:00Z', previous_value: 100, value: 131, known_at: '2025-10-26T10:00:00.000Z' },
    { key, ts: '2025-10-26T23:00:00Z', previous_value: 100, value: 130, known_at: '2025-10-26T10:00:00.000Z' },
  ])
})

test('equal questions that come at the same time reach the store once', async () => {
  const asked = async () => {
    const text = await (await fetch(`${api.healthUrl}/metrics`)).text()
    return Number(/^tidemark_api_questions_total (\d+)$/m.exec(text)?.[1])
  }
  const path = `${series}.csv?from=2025-10-01&to=2025-11-01&tz=${zone}`
  const wanted = await (await api.get(path)).text()
  const before = await asked()
  const bodies = await Promise.all(Array.from({ length: 200 }, async () => (await api.get(path)).text()))
  expect(new Set(bodies)).toEqual(new Set([wanted]))
  // Requests arrive over some milliseconds, so a few questions follow each other.
  expect((await asked()) - before).toBeLessThan(50)
})

test('raw records are the very bytes, with their place, hash and time', async () => {
  for (const [index, { partition, offset }] of places.entries()) {
    const answer = await api.get(`raw/jao/${partition}/${offset}`)
    const body = Buffer.from(await answer.arrayBuffer())
    expect(body.equals(answers[index]!.body)).toBe(true)
    const { headers } = answer
    expect(headers.get('content-type')).toBe('application/json')
    expect(headers.get('x-tidemark-sha256')).toBe(createHash('sha256').update(body).digest('hex'))
    expect(headers.get('x-tidemark-known-at')).toBe(new Date(answers[index]!.fetchedAt).toISOString())
    // The bytes are of somebody else: a browser must not run them here.
    expect(headers.get('content-security-policy')).toContain('sandbox')
  }
  const { partition } = places[0]!
  expect((await api.get(`raw/jao/${partition}/999999`)).status).toBe(404)
  expect((await api.get('raw/nobody/0/0')).status).toBe(404)
})

test('an explanation names the answers of a value', async () => {
  const { value, answers: named } = await api.json<{ value: number; answers: { value: number; change: string }[] }>(
    `explain/${dataset}/${key}/2025-10-26T23:00:00Z`,
  )
  expect([value, named.map((each) => [each.value, each.change])]).toEqual([
    130,
    [
      [100, 'published'],
      [130, 'changed'],
    ],
  ])
})

test('clients that read slowly, and clients that have gone, hold nobody up', async () => {
  const big = `${api.url}/api/v1/series/${dataset}/${key}.json?from=1990-01-01&to=2030-01-01&tz=${zone}`
  const gone = new AbortController()
  // These take the headers and nothing more.
  const slow = Array.from({ length: 12 }, () => fetch(big, { signal: gone.signal }).catch(() => undefined))
  await slow[0]
  const asked = performance.now()
  expect((await api.get('polls?limit=1')).status).toBe(200)
  expect(performance.now() - asked).toBeLessThan(60_000)
  gone.abort()
  await Promise.all(slow)
  await eventually('no question of theirs runs', async () => {
    const running = await chain.query<{ query: string }>(
      "SELECT query FROM system.processes WHERE user = 'reader' AND query LIKE '%is_stored%'",
    )
    return running.length === 0
  })
})

test('the OpenAPI document is served as it is committed', async () => {
  expect(await api.json('openapi.json')).toEqual(openapi)
})

test('bad requests are problems that say what, where and what to do', async () => {
  const problem = async (path: string) => {
    const answer = await api.get(path)
    expect(answer.headers.get('content-type')).toContain('application/problem+json')
    const { status, detail } = (await answer.json()) as { status: number; detail: string }
    expect(status).toBe(answer.status)
    return [status, detail]
  }
  expect(await problem(`series/${dataset}/border_AT_BX`)).toEqual([404, expect.stringContaining(key)])
  expect(await problem('series/jao.core.maxExchange/x')).toEqual([404, expect.stringContaining(dataset)])
  expect(await problem(`${series}?from=2025-02-30`)).toEqual([400, expect.stringContaining('`from`')])
  expect(await problem(`${series}?from=2025-10-27&to=2025-10-26`)).toEqual([400, expect.stringContaining('after')])
  expect(await problem(`${series}?tz=Mars`)).toEqual([400, expect.stringContaining('time zone')])
  expect(await problem(`${series}?at=yesterday`)).toEqual([400, expect.stringContaining('`at`')])
  expect(await problem('changes?limit=0')).toEqual([400, expect.stringContaining('limit')])
  expect(await problem('changes?cursor=abc')).toEqual([400, expect.stringContaining('cursor')])
  // The cursor of another list, with as many columns, and one whose value is not of its type.
  const { next } = await api.json<{ next: string }>('changes?since=2025-10-26&until=2025-10-27&limit=1')
  const cursor = new URLSearchParams(next.split('?')[1]).get('cursor')!
  expect(await problem(`polls?cursor=${cursor}`)).toEqual([400, expect.stringContaining('cursor')])
  const [mark] = JSON.parse(Buffer.from(cursor, 'base64url').toString())
  const forged = Buffer.from(JSON.stringify([mark, 'not a date', 'a', 'b', 'c'])).toString('base64url')
  expect(await problem(`changes?since=2025-10-26&until=2025-10-27&cursor=${forged}`)).toEqual([
    400,
    expect.stringContaining('cursor'),
  ])
  // What is spelled wrong is not an empty list.
  expect(await problem(`${series}?form=2025-10-26`)).toEqual([400, expect.stringContaining('form')])
  expect(await problem('completeness?class=latee')).toEqual([400, expect.stringContaining('class')])
  expect(await problem('changes?dataset=jao.core.maxExchange')).toEqual([404, expect.stringContaining(dataset)])
  expect(await problem('datasets.csv')).toEqual([406, expect.stringContaining('format')])
  const { partition, offset } = places[0]!
  expect(await problem(`raw/jao/${partition}/${offset}.json`)).toEqual([406, expect.stringContaining('octet-stream')])
  expect(await problem('changes?since=2025-10-27&until=2025-10-26')).toEqual([400, expect.stringContaining('since')])
  // The store holds the years 1970 to 2106, and knows zones by name.
  for (const day of ['1969-12-31', '2200-01-01'])
    for (const path of [`${series}?from=${day}`, `completeness?from=${day}`, `polls?to=${day}`])
      expect(await problem(path)).toEqual([400, expect.stringContaining('1970 to 2106')])
  expect(await problem(`${series}?tz=%2B05:00`)).toEqual([400, expect.stringContaining('time zone')])
  expect(await problem('series/%ff/x')).toEqual([400, expect.any(String)])
  expect(await problem('series/kraken.ticker/XXBTZUSD.last?from=2015-01-01&to=2025-01-01')).toEqual([
    400,
    expect.stringContaining('shorter span'),
  ])
})

describe('who may what', () => {
  interface Operation {
    method: string
    path: string
  }
  /** All routes but login and logout, which everybody may call: a-browser-logs-in.test.ts. */
  const operations = (): Operation[] =>
    Object.entries(openapi.paths)
      .flatMap(([path, methods]) => Object.keys(methods).map((method) => ({ method, path })))
      .filter(({ method, path }) => path !== '/api/v1/session' || method === 'get')
  const call = (url: string, { method, path }: Operation, headers: Record<string, string> = {}) =>
    fetch(`${url}${path.replaceAll(/\{\w+\}/g, '1')}`, {
      method: method.toUpperCase(),
      ...(method !== 'get' && { body: '{}' }),
      headers: { ...headers, ...(method !== 'get' && { 'content-type': 'application/json' }) },
    })
  const isOpen = ({ path }: Operation): boolean => path === '/api/v1/health'
  // The test of a rule reads. Its rule is too long for a query string.
  const isChange = ({ method, path }: Operation): boolean => method !== 'get' && path !== '/api/v1/alerts/test'

  test('without anonymous readers every route but health needs a token; a change needs an operator', async () => {
    const closed = await startApi(chain, { API_ANONYMOUS: 'off' })
    const lower = [await closed.as({ role: 'reader' }), await closed.as({ role: 'trader' })]
    for (const operation of operations()) {
      const wanted = isOpen(operation) ? 200 : 401
      expect([operation, (await call(closed.url, operation)).status]).toEqual([operation, wanted])
      // Health needs no token, so that a wrong one is not looked at.
      for (const authorization of ['Bearer no', 'Basic bm86bm8='])
        expect([operation, (await call(closed.url, operation, { authorization })).status]).toEqual([operation, wanted])
      for (const headers of lower) {
        await eventually('the token is known', async () => (await closed.get('datasets', { headers })).ok)
        const { status } = await call(closed.url, operation, headers)
        if (isChange(operation)) expect([operation, status]).toEqual([operation, 403])
        else expect([operation, [401, 403, 500].includes(status)]).toEqual([operation, false])
      }
    }
  })

  test('a request without credentials may read here, and changes nothing; a proxy makes it a stranger', async () => {
    for (const operation of operations().filter(isChange)) {
      expect([operation, (await call(api.url, operation)).status]).toEqual([operation, 401])
    }
    expect((await api.get('datasets')).status).toBe(200)
    expect((await api.get('datasets', { headers: { 'x-forwarded-for': '203.0.113.7' } })).status).toBe(401)
  })

  test('a token that is revoked or has expired is refused', async () => {
    const headers = await api.as({ role: 'operator' })
    await eventually('the token is known', async () => (await api.get('datasets', { headers })).ok)
    const { listTokens, revokeToken } = await import('#operations/tokens/tokens.ts')
    const newest = (await listTokens(chain)).at(-1)!
    expect(JSON.stringify(newest)).not.toContain(headers.authorization.slice(7))
    await revokeToken(chain, newest.id)
    await eventually('the token is refused', async () => (await api.get('datasets', { headers })).status === 401)
    const expired = await api.as({ role: 'operator', expiresInDays: -1 })
    await sleep(500)
    expect((await api.get('datasets', { headers: expired })).status).toBe(401)
  })

  test("a reader's token may stand in the path, also of the time machine; an operator's may not", async () => {
    const closed = await startApi(chain, { API_ANONYMOUS: 'off' })
    const at = async (role: 'reader' | 'operator', path: string) => {
      const headers = await closed.as({ role })
      await eventually('the token is known', async () => (await closed.get('datasets', { headers })).ok)
      return (await fetch(`${closed.url}/t/${headers.authorization.slice(7)}${path}`)).status
    }
    const day = 'FromUtc=2025-10-26T23:00:00Z&ToUtc=2025-10-27T23:00:00Z'
    expect(await at('reader', `/api/v1/${series}.csv`)).toBe(200)
    expect(await at('reader', `/time-machine/now/jao/core/api/data/maxExchanges?${day}`)).toBe(200)
    expect(await at('operator', '/api/v1/datasets')).toBe(401)
    const token = (await closed.as({ role: 'reader' })).authorization.slice(7)
    const first = await eventually('the token is known', async () => {
      const answer = await fetch(`${closed.url}/t/${token}/api/v1/series?limit=0001`)
      return answer.ok && ((await answer.json()) as { next: string | null })
    })
    // Links lead on with the token, or a client that follows them is refused.
    expect(first.next ?? `/t/${token}/api/v1/`).toContain(`/t/${token}/api/v1/`)
    expect((await fetch(`${closed.url}/t/tdm_no/api/v1/datasets`)).status).toBe(401)
    // A client cannot send the header that the path becomes.
    const headers = { 'x-tidemark-path-token': (await closed.as({ role: 'reader' })).authorization.slice(7) }
    expect((await closed.get('datasets', { headers })).status).toBe(401)
  })

  test('a page of another site cannot reach the API under its own name', async () => {
    const { request } = await import('node:http')
    const { hostname, port } = new URL(api.url)
    const status = await new Promise((resolve) => {
      request({ hostname, port, path: '/api/v1/datasets', headers: { host: 'evil.example' } }, (answer) => {
        answer.resume()
        resolve(answer.statusCode)
      }).end()
    })
    expect(status).toBe(421)
  })
})

test('an operator drops a dead letter: it needs a reason, and is on the record', async () => {
  const headers = { ...(await api.as({ role: 'operator' })), 'content-type': 'application/json' }
  await eventually('the token is known', async () => (await api.get('datasets', { headers })).ok)
  const { window } = businessDay(zone, '2025-10-29')
  await tell([rawResponse(window, Buffer.from('<html>'), Date.parse('2025-10-28T09:00:00Z'))])
  const open = await eventually('the letter is listed', async () => {
    const { data } = await api.json<{ data: { id: string; reason: string }[] }>('dead-letters?open=true')
    return data[0]
  })
  expect(open).toMatchObject({ reason: 'not-json' })
  const drop = (body: object) => api.get('dead-letters/drop', { method: 'POST', headers, body: JSON.stringify(body) })
  expect((await drop({ ids: [open.id] })).status).toBe(400)
  expect((await drop({ why: 'all of them' })).status).toBe(400)
  expect(await (await drop({ ids: [open.id], why: 'a page', dryRun: true })).json()).toMatchObject({
    audit: null,
    done: [open.id],
  })
  const dropped = (await (await drop({ ids: [open.id], why: 'a page of the proxy' })).json()) as { audit: string }
  expect(dropped).toMatchObject({ done: [open.id], skipped: [], unknown: [] })
  const [audit] = await eventually('the audit is stored', async () => {
    const rows = await chain.query<{ action: string; why: string; ended_at: string | null }>(
      `SELECT * FROM tidemark.audit_log FINAL WHERE id = '${dropped.audit}' AND ended_at IS NOT NULL`,
    )
    return rows.length > 0 && rows
  })
  expect(audit).toMatchObject({ action: 'drop', role: 'operator', why: 'a page of the proxy', failed: null })
})

test('an operator tries a replay and runs it: a job that says how far it is, and a record of who did it', async () => {
  const headers = { ...(await api.as({ role: 'operator', source: 'jao' })), 'content-type': 'application/json' }
  await eventually('the token is known', async () => (await api.get('datasets', { headers })).ok)
  const begin = async (path: string, body: object) => {
    const answer = await api.get(path, { method: 'POST', headers, body: JSON.stringify(body) })
    return { status: answer.status, job: (await answer.json()) as { id: string; detail?: string } }
  }
  interface Ended {
    state: string
    progress: unknown
    result: {
      answers?: number
      comparison?: object
      replay?: Record<'id' | 'state' | 'who' | 'startedAt' | 'at' | 'windowFrom' | 'windowTo', string>
    }
  }
  const ended = (id: string) =>
    eventually('the job ends', async () => {
      const job = await api.json<Ended>(`jobs/${id}`)
      return job.state !== 'running' && job
    })
  const days = { dataset, from: '2025-10-26', to: '2025-10-26' }
  expect((await begin('replays', days)).status).toBe(400)
  expect((await begin('replays', { ...days, dataset: 'kraken.ticker', why: 'x' })).status).toBe(403)
  expect((await begin('dead-letters/drop', { dataset: 'kraken.ticker', why: 'x' })).status).toBe(403)
  expect((await begin('dead-letters/drop', { ids: ['kraken.dlq/0/0'], why: 'x' })).status).toBe(403)
  expect((await begin('backfills', { ...days, from: '2025-10-27', why: 'x' })).status).toBe(400)
  expect((await begin('replays', { ...days, why: 'x', whyy: 'x' })).status).toBe(400)
  const tried = await begin('dry-runs', { ...days, why: 'a look' })
  expect(tried.status).toBe(202)
  // The long day was told once: 25 hours.
  expect(await ended(tried.job.id)).toMatchObject({
    state: 'done',
    result: { answers: 1, comparison: { rowsSame: 25, rowsAdded: 0, rowsChanged: 0, rowsGone: 0 } },
  })
  const run = await begin('replays', { ...days, why: 'a parser was mended' })
  const { state, result, progress } = await ended(run.job.id)
  const { startedAt, at, windowFrom, windowTo } = result.replay!
  expect([progress, windowFrom, windowTo]).toEqual([null, '2025-10-25T22:00:00.000Z', '2025-10-26T23:00:00.000Z'])
  for (const instant of [startedAt, at]) expect(instant).toMatch(/^20\d\d-.*Z$/)
  expect([state, result.replay?.state]).toEqual(['done', 'finished'])
  const { data } = await eventually('the replay is listed', async () => {
    const list = await api.json<{ data: { id: string; who: string; why: string }[] }>(`replays?dataset=${dataset}`)
    return list.data.length > 0 && list
  })
  const [listed] = data
  expect(listed).toMatchObject({ id: result.replay?.id, why: 'a parser was mended', who: result.replay?.who })
})

test('an operator releases a parked dataset: its answers are stored, and it is on the record', async () => {
  const headers = { ...(await api.as({ role: 'operator', source: 'jao' })), 'content-type': 'application/json' }
  await eventually('the token is known', async () => (await api.get('datasets', { headers })).ok)
  const parked = async () => (await api.json<{ data: { dataset: string }[] }>('parked')).data
  const release = (name: string, body: object) =>
    api.get(`datasets/${name}/release`, { method: 'POST', headers, body: JSON.stringify(body) })
  expect(await parked()).toEqual([])
  expect((await release(dataset, {})).status).toBe(400)
  expect((await release('jao.core.nothing', { why: 'x' })).status).toBe(404)
  expect((await release('kraken.ticker', { why: 'x' })).status).toBe(403)

  const encode = await chain.registry.encoder(parkingTopic.name, parkingSchema)
  const at = Date.parse('2025-12-01T12:00:00Z')
  const parking = { dataset, parked: true, reason: 'schema', message: '7 of 7 refused', by: 'test', at }
  await chain.producer.send(parkingTopic.name, [{ key: dataset, value: encode(parking) }])
  await eventually('the normalizer has parked it', async () => {
    const status = (await (await fetch(`${chain.normalizer.url}/status`)).json()) as { parked: unknown[] }
    return status.parked.length === 1
  })
  await tell([dayAnswer('2025-12-02', '2025-12-01T13:00:00Z', () => 77)])
  const listed = await eventually('it is listed', async () => ((await parked()).length > 0 ? parked() : undefined))
  expect(listed).toEqual([
    { dataset, at: '2025-12-01T12:00:00.000Z', reason: 'schema', message: '7 of 7 refused', by: 'test' },
  ])
  const day = `${series}?from=2025-12-02&to=2025-12-03&tz=${zone}`
  const values = async () => (await api.json<Values>(day)).data.map(({ value }) => value)
  expect(await values()).toEqual(Array(24).fill(null))

  const begun = await release(dataset, { why: 'the schema was mended' })
  expect(begun.status).toBe(202)
  const { id } = (await begun.json()) as { id: string }
  const job = await eventually('the job ends', async () => {
    const found = await api.json<{ state: string }>(`jobs/${id}`)
    return found.state !== 'running' && found
  })
  expect(job).toMatchObject({
    ...{ action: 'release', state: 'done', failed: null, progress: null },
    result: {
      state: 'released',
      wasParked: true,
      parked: false,
      done: [expect.stringMatching(/^jao\.dlq/)],
      skipped: [],
    },
  })
  await eventually('the values are stored', async () => (await values()).every((value) => value === 77))
  await eventually('it is no longer listed', async () => (await parked()).length === 0)
  const [audit] = await eventually('the audit is stored', async () => {
    const rows = await chain.query(`SELECT * FROM tidemark.audit_log FINAL WHERE id = '${id}' AND ended_at IS NOT NULL`)
    return rows.length > 0 && rows
  })
  expect(audit).toMatchObject({ action: 'release', role: 'operator', why: 'the schema was mended', failed: null })
})

/** Reads CSV as RFC 4180 has it: a quote in a quoted cell is written twice, and a quoted cell may have commas and lines. */
function cellsOf(csv: string): string[][] {
  const rows: string[][] = []
  for (const [, quoted, plain = '', end] of csv.matchAll(/(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n|$)/g)) {
    if (rows.length === 0) rows.push([])
    rows.at(-1)!.push(quoted?.replaceAll('""', '"') ?? plain)
    if (end === '\n') rows.push([])
  }
  return rows.filter((row) => row.length > 1)
}

test('lists and maps are JSON text in a cell of CSV, in the order of JSON', async () => {
  const flagged = (knownAt: string, value: number) =>
    dayAnswer('2025-12-03', knownAt, (hour) => (hour === 3 ? value : hour))
  await tell([flagged('2025-12-02T13:00:00Z', -1e9), flagged('2025-12-02T14:00:00Z', -2e9)])
  const day = 'from=2025-12-03&to=2025-12-04'
  const paths = [
    `series?dataset=${dataset}`,
    `${series}?${day}&tz=${zone}`,
    `${series}/revisions?from=2025-10-26`,
    'changes?since=2025-10-26&until=2025-12-31',
    'replays?',
    ...[
      'polls?',
      'dead-letters?',
      'deletions?',
      'parked?',
      'completeness?',
      'markets?',
      'votes?',
      'votes/outlier-weeks?',
    ],
  ]
  const nested = new Set<string>()
  for (const path of paths) {
    const { data } = await api.json<{ data: Record<string, unknown>[] }>(path)
    const [names = [], ...rows] = cellsOf(await (await api.get(path.replace('?', '.csv?'))).text())
    expect([path, rows.length]).toEqual([path, data.length])
    for (const [index, row] of data.entries()) {
      const cells = Object.entries(row).filter(([, value]) => typeof value === 'object' && value !== null)
      for (const [name, value] of cells) {
        nested.add(name)
        expect([path, name, JSON.parse(rows[index]![names.indexOf(name)]!)]).toEqual([path, name, value])
      }
    }
  }
  expect([...nested].toSorted()).toEqual(['counts', 'flags', 'labels'])
  const { data } = await api.json<{ data: { flags: string[] }[] }>(paths[1]!)
  expect(data[3]!.flags).toEqual(['implausible'])
})

describe('the live stream', () => {
  /** Says that everything known until now is stored. */
  async function settle(): Promise<void> {
    await chain.settled()
    const encode = await chain.registry.encoder('host-log', hostLogSchema)
    const now = Date.now()
    const log = {
      ...{ host: 'test', at: now, poller: 'test', state: 'owned', waitingForBudget: 0, dueRequests: 0 },
      ...{ pausedUntil: null, pauseReason: null, settledTo: now },
    }
    await chain.producer.send('host-log', [{ key: 'test', value: encode(log) }])
    await chain.settled()
  }
  const live = (value: number) => dayAnswer('2025-11-20', new Date().toISOString(), (hour) => (hour === 0 ? value : 1))
  const brief = ({ kind, data }: ServerEvent) => {
    if (kind === 'slice') return `slice ${(data.values as number[])[0]}`
    return kind === 'change' ? `change ${data.previous_value} ${data.value}` : kind
  }
  const query = `dataset=${dataset}&kinds=slice,answer,change`

  test('says what comes; a client that reconnects misses nothing and gets nothing twice', async () => {
    await settle()
    const whole = await api.listen(query)
    const cut = await api.listen(query)
    const got: ServerEvent[] = []
    let listener = cut
    for (const [round, value] of [10, 20, 20, 30, 40].entries()) {
      await tell([live(value)])
      await settle()
      // The client is away in every second round.
      if (round % 2 === 0) {
        await eventually('something came', async () => listener.events.length > 0)
        listener.close()
        got.push(...listener.events)
      } else listener = await api.listen(query, listener.lastId())
    }
    const wanted = ['10', '20', '20', '30', '40'].flatMap((value) => [`slice ${value}`, 'answer'])
    await eventually('all came', async () => whole.events.length >= wanted.length + 3)
    const records = (events: readonly ServerEvent[]) => events.map(brief).filter((text) => !text.startsWith('change'))
    const changes = (events: readonly ServerEvent[]) => events.map(brief).filter((text) => text.startsWith('change'))
    expect(records(whole.events).toSorted()).toEqual(wanted.toSorted())
    expect(changes(whole.events)).toEqual(['change 10 20', 'change 20 30', 'change 30 40'])
    const last = await api.listen(query, listener.lastId())
    await eventually('the rest came', async () => got.length + last.events.length >= whole.events.length)
    await sleep(3_000)
    const all = [...got, ...last.events]
    expect(records(all).toSorted()).toEqual(wanted.toSorted())
    expect(changes(all)).toEqual(changes(whole.events))
    for (const each of [whole, last]) each.close()
  })

  test('sends only what is asked for, and refuses an id of another stream', async () => {
    const other = await api.listen('dataset=jao.core.netPos')
    const keyed = await api.listen(`dataset=${dataset}&key=border_XX_YY&kinds=slice`)
    const all = await api.listen('kinds=slice')
    await tell([live(50)])
    await eventually('the slice came', async () => all.events.length === 1)
    expect([other.events, keyed.events]).toEqual([[], []])
    for (const each of [other, keyed, all]) each.close()
    for (const headers of [{ 'last-event-id': 'abc' }, { 'last-event-id': `${all.lastId()}.1` }])
      expect((await api.get('live', { headers })).status).toBe(400)
    expect((await api.get('live?kinds=slices')).status).toBe(400)
  })
})
