// Alerts over HTTP: rules are saved and tested, a firing comes and goes, silences begin and end, and each change is audited.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { addDays, businessDay, dayAt } from '#core/business-day.ts'
import { deleteEndpoint, listEndpoints, saveEndpoint } from '#operations/alerts/endpoints.ts'
import type { AlertParts } from '#operations/alerts/rules.ts'
import { type RawResponse, rawResponseSchema } from '#schemas/generated/records.ts'
import { rawResponse } from '../support/raw-responses.ts'
import { type RunningApi, startApi } from './api-parts.ts'
import { type Chain, dataset, eventually, startChain } from './whole-chain.ts'

vi.setConfig({ testTimeout: 120_000 })

const hourMs = 3_600_000
const key = 'border_AT_BE'
const zone = 'Europe/Brussels'
/** Upstream has to publish it tomorrow: what becomes known of it now is not old. */
const dayAhead = addDays(dayAt(zone, Date.now()), 2)
const aheadMs = businessDay(zone, dayAhead).window.startMs
const rule = {
  ...{ id: 'high-border', title: 'The border is high', owner: 'desk', of: { dataset, key } },
  when: { value: '>', than: 300 },
}

let chain: Chain
let api: RunningApi
let operator: { authorization: string }
let reader: { authorization: string }

function dayAnswer(day: string, knownAtMs: number, value: (hour: number) => number): RawResponse {
  const { window } = businessDay(zone, day)
  const rows = Array.from({ length: (window.endMs - window.startMs) / hourMs }, (_, hour) => ({
    dateTimeUtc: new Date(window.startMs + hour * hourMs).toISOString(),
    [key]: value(hour),
  }))
  return rawResponse(window, Buffer.from(JSON.stringify({ data: rows })), knownAtMs)
}

async function tell(...answers: RawResponse[]): Promise<void> {
  const encode = await chain.registry.encoder('jao.raw', rawResponseSchema)
  for (const answer of answers)
    await chain.producer.send('jao.raw', [{ key: answer.requestIdentity, value: encode(answer) }])
}

beforeAll(async () => {
  chain = await startChain()
  const alerter = await chain.start('alerter', { CLICKHOUSE_URL: '' })
  api = await startApi(chain, { ALERTER_URL: alerter.url })
  operator = await api.as({ role: 'operator' })
  reader = await api.as({ role: 'reader' })
  await tell(
    dayAnswer('2025-10-27', Date.parse('2025-10-26T09:00:00Z'), () => 100),
    dayAnswer('2025-10-27', Date.parse('2025-10-26T10:00:00Z'), (hour) => (hour < 2 ? 130 + hour : 100)),
  )
  await chain.settled()
})
afterAll(() => chain?.stop())

interface Answer {
  status: number
  body: Record<string, unknown> & { detail?: string; data?: Record<string, unknown>[]; transitions?: { id: string }[] }
}

async function send(method: string, path: string, body: object, headers: object = operator): Promise<Answer> {
  const answer = await api.get(path, {
    ...{ method, body: JSON.stringify(body) },
    headers: { 'content-type': 'application/json', ...headers },
  })
  return { status: answer.status, body: (await answer.json()) as Answer['body'] }
}

const listed = async (path: string) => (await api.json<{ data: Record<string, unknown>[] }>(path)).data
const eventsOf = async (id: string) => (await listed(`alerts/events?rule=${id}`)).map(({ kind }) => kind)

describe('a rule', () => {
  test('is saved by an operator with a reason, and each change is a version', async () => {
    const first = await send('PUT', 'alerts/rules/high-border', { rule, why: 'a trial' })
    expect(first).toMatchObject({
      status: 200,
      body: { audit: expect.any(String), id: 'high-border', version: 1, says: 'the value is more than 300' },
    })
    const { id: _, ...unnamed } = rule
    const changed = { ...unnamed, severity: 'critical' }
    const again = await send('PUT', 'alerts/rules/high-border', { rule: changed, why: 'it matters' })
    expect(again.body).toMatchObject({ version: 2 })
    expect(await listed('alerts/rules')).toMatchObject([
      { id: 'high-border', version: 2, owner: 'desk', why: 'it matters', rule: { of: { dataset, key }, tell: [] } },
    ])
    const records = await eventually('the change is audited', async () => {
      const rows = await chain.query<{ action: string; why: string; result: string }>(
        `SELECT action, why, result FROM tidemark.audit_log FINAL WHERE why = 'it matters' AND ended_at IS NOT NULL`,
      )
      return rows.length > 0 ? rows : undefined
    })
    expect(records[0]).toMatchObject({ action: 'save-alert-rule', result: expect.stringContaining('"version":2') })
  })

  test('is refused without the role, for another source, without a reason, and if it makes no sense', async () => {
    const put = (body: object, headers?: object, id = 'other') => send('PUT', `alerts/rules/${id}`, body, headers)
    const other = { ...rule, id: 'other' }
    expect(await put({ rule: other, why: 'x' }, reader)).toMatchObject({ status: 403 })
    expect(await put({ rule: other, why: 'x' }, {})).toMatchObject({ status: 401 })
    const ofKraken = await api.as({ role: 'operator', source: 'kraken' })
    // The API follows the tokens by itself.
    await expect.poll(async () => (await api.get('session', { headers: ofKraken })).status).toBe(200)
    const forbidden = { status: 403, body: { detail: 'This token may change kraken alone.' } }
    expect(await put({ rule: other, why: 'x' }, ofKraken)).toMatchObject(forbidden)
    const wide = { ...other, of: { dataset: '*' } }
    expect(await put({ rule: wide, why: 'x' }, ofKraken)).toMatchObject(forbidden)
    // A rule of another source is not replaced by one of its own.
    const taken = { ...rule, of: { dataset: 'kraken.ticker' } }
    expect(await put({ rule: taken, why: 'x' }, ofKraken, 'high-border')).toMatchObject(forbidden)
    expect(await send('DELETE', 'alerts/rules/high-border', { why: 'x' }, ofKraken)).toMatchObject(forbidden)
    expect(await put({ rule: other })).toMatchObject({ status: 400 })
    expect(await put({ rule: { ...other, severity: 'grave' }, why: 'x' })).toMatchObject({
      status: 400,
      body: { detail: expect.stringContaining('severity: ') },
    })
    expect(await put({ rule, why: 'x' })).toMatchObject({
      status: 400,
      body: { detail: 'The rule has the id "high-border", and the path names other.' },
    })
    expect((await listed('alerts/rules')).map(({ id }) => id)).toEqual(['high-border'])
    expect(await api.json('alerts/rules/high-border')).toEqual((await listed('alerts/rules'))[0])
    expect((await api.get('alerts/rules/other')).status).toBe(404)
    expect(await send('DELETE', 'alerts/rules/other', { why: 'x' })).toMatchObject({
      status: 404,
      body: { detail: expect.stringContaining('There is no alert rule other; there is: high-border.') },
    })
  })

  test('is tested on the past: by what is known now, and by what was known', async () => {
    const span = { from: '2025-10-26', to: '2025-10-28' }
    const low = { ...rule, when: { value: '>', than: 120 } }
    const now = await send('POST', 'alerts/test', { rule: low, ...span }, {})
    expect(now).toMatchObject({
      status: 200,
      body: {
        ...{ from: '2025-10-26T00:00:00.000Z', to: '2025-10-28T00:00:00.000Z', asKnown: false, series: 1, begun: 1 },
        ...{ says: 'the value is more than 120', isCut: false },
        transitions: [
          {
            ...{ kind: 'firing', dataset, key, value: 130, compared: 130 },
            ...{ onsetAt: '2025-10-26T23:00:00.000Z', endsAt: null },
          },
          { kind: 'resolved', firingId: now.body.transitions?.[0]?.id, endsAt: '2025-10-27T01:00:00.000Z', value: 100 },
        ],
      },
    })
    const then = await send('POST', 'alerts/test', { rule: low, ...span, asKnown: true }, {})
    expect(then.body).toMatchObject({
      begun: 1,
      transitions: [{ knownAt: '2025-10-26T10:00:00.000Z', endsAt: '2025-10-27T01:00:00.000Z' }],
    })
    // The revision became known later.
    const before = await send(
      'POST',
      'alerts/test',
      { rule: low, from: '2025-10-26', to: '2025-10-26T09:30Z', asKnown: true },
      {},
    )
    expect(before.body).toMatchObject({ begun: 0, transitions: [] })
    const refused = async (body: object) => (await send('POST', 'alerts/test', body, {})).body.detail
    expect(await refused({ rule: low, from: '2025-10-28', to: '2025-10-27' })).toBe(
      '`to` must be after `from`: the span is [from, to).',
    )
    expect(await refused({ rule: { ...low, of: { dataset, key: 'nowhere' } }, ...span })).toContain('selects no series')
    expect(await listed('alerts/rules')).toHaveLength(1)
  })
})

test('a rule with a query is saved and tested by an operator of all sources, and the store takes the query first', async () => {
  const query = (sql: string) => ({ id: 'query', title: 'A query', owner: 'desk', when: { sql } })
  const put = (sql: string, headers?: object) =>
    send('PUT', 'alerts/rules/query', { rule: query(sql), why: 'a trial' }, headers)
  const ask = (sql: string, headers?: object) => send('POST', 'alerts/test', { rule: query(sql) }, headers)
  const good = "SELECT 'x' AS key, 7 AS value"
  const refused = (words: string) => ({ status: 400, body: { detail: expect.stringContaining(words) } })
  expect(await put('DROP TABLE tidemark.points')).toMatchObject(refused('The rule query is refused: The store says: '))
  expect(await put("SELECT 'x' AS name")).toMatchObject(refused('has no column `key`'))
  expect(await put("SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'key String')")).toMatchObject(refused('url()'))
  expect(await ask("SELECT 'x' AS key, sleep(3) AS value")).toMatchObject(refused('sleep()'))
  const ofJao = await api.as({ role: 'operator', source: 'jao' })
  await expect.poll(async () => (await api.get('session', { headers: ofJao })).status).toBe(200)
  for (const headers of [reader, {}, ofJao]) expect(await ask(good, headers)).toMatchObject({ status: 403 })
  expect(await put(good, ofJao)).toMatchObject({ status: 403 })
  expect(await ask(good)).toMatchObject({
    status: 200,
    body: { runs: 1, series: 1, begun: 1, transitions: [{ kind: 'firing', dataset: 'sql', key: 'x', value: 7 }] },
  })
  expect(await put(good)).toMatchObject({ status: 200, body: { version: 1 } })
  const rules = () => listed('alerts/rules')
  // The alerter of this test knows no store.
  const asked = await eventually('it is asked', async () =>
    (await rules()).find(({ id, query: run }) => id === 'query' && (run as { isAsked?: boolean } | null)?.isAsked),
  )
  expect(asked.query).toMatchObject({ everyS: 60, failure: expect.stringContaining('knows no store') })
  expect(await send('DELETE', 'alerts/rules/query', { why: 'over' })).toMatchObject({ status: 200 })
})

test('an episode is firing until a revision takes it back; its history stays, with to whom it was told', async () => {
  const listener = await api.listen(`kinds=alert&dataset=${dataset}`)
  // The alerter follows the rules by itself.
  await sleep(3_000)
  await tell(dayAnswer(dayAhead, Date.now(), (hour) => (hour >= 3 && hour < 6 ? 400 : 100)))
  const at = (hour: number) => new Date(aheadMs + hour * hourMs).toISOString()
  const firing = await eventually('it fires', async () => (await listed('alerts/firing'))[0])
  expect(firing).toMatchObject({
    ...{ rule_id: 'high-border', rule_version: 2, severity: 'critical', dataset, key, value: 400, unit: 'MW' },
    ...{ onset_at: at(3), ends_at: at(6) },
  })
  const asked = { rule: 'high-*', until: new Date(Date.now() + hourMs).toISOString(), why: 'works' }
  const silence = await send('POST', 'alerts/silences', asked)
  const other = await send('POST', 'alerts/silences', { ...asked, dataset: 'kraken.*' })
  const heldBack = async () =>
    new Map((await listed('alerts/silences')).map(({ id, holdsBack }) => [String(id), holdsBack]))
  const [here, elsewhere] = [String(silence.body.id), String(other.body.id)]
  expect(await heldBack()).toEqual(
    new Map([
      [here, 1],
      [elsewhere, 0],
    ]),
  )
  // An end that is told anew is the end.
  await tell(dayAnswer(dayAhead, Date.now(), (hour) => (hour >= 3 && hour < 8 ? 400 : 100)))
  await eventually('its end is another', async () => (await eventsOf('high-border'))[1])
  expect(await listed('alerts/firing')).toMatchObject([{ id: firing.id, ends_at: at(8) }])
  await tell(dayAnswer(dayAhead, Date.now(), () => 100))
  await eventually('it is taken back', async () => (await eventsOf('high-border'))[2])
  expect(await listed('alerts/firing')).toEqual([])
  expect((await heldBack()).get(here)).toBe(0)
  for (const id of [here, elsewhere]) await send('DELETE', `alerts/silences/${id}`, { why: 'over' })
  expect(await eventsOf('high-border')).toEqual(['cancelled', 'changed', 'firing'])
  // The stream has told the same, with the same ids.
  await eventually('the stream told all', async () => listener.events[2])
  listener.close()
  expect(listener.events.map(({ kind, data }) => [kind, data.kind, data.firing_id])).toEqual([
    ['alert', 'firing', null],
    ['alert', 'changed', firing.id],
    ['alert', 'cancelled', firing.id],
  ])
  expect(listener.events[0]?.data).toMatchObject({ id: firing.id, value: 400, onset_at: at(3), ends_at: at(6) })
  const count = async (query: string) => (await listed(`alerts/events?${query}`)).length
  const series = `dataset=${dataset}&key=${key}`
  expect(await count(`${series}&from=${at(3)}&to=${at(4)}`)).toBe(3)
  expect(await count(`${series}&from=${at(4)}&to=${at(9)}`)).toBe(0)
  expect(await count(`dataset=${dataset}&key=border_DE_FR`)).toBe(0)
  expect(await count('rule=another')).toBe(0)
  const one = await api.json<Record<string, unknown>>(`alerts/events/${String(firing.id).slice(0, 10)}`)
  expect(one).toMatchObject({ id: firing.id, onsetAt: at(3), endsAt: at(6), value: 400, deliveries: [] })
  expect(one.says).toContain(`The border is high: fires on ${dataset} ${key}`)
  expect((await api.get('alerts/events/00000000')).status).toBe(404)
})

test('what merely happened is found by its kind and since when it was told; a rule is unknown until it is known', async () => {
  await chain.store.command({
    query: `INSERT INTO tidemark.alert_events (id, kind, rule_id, rule_version, title, owner, severity, dataset, key, unit,
      onset_at, ends_at, firing_id, point_at, known_at, at) VALUES
      ('aaaaaaaa', 'happened', 'jump', 1, 't', 'o', 'critical', 'd', 'k', '', '2025-11-02', NULL, NULL, '2025-11-02', '2025-11-01', '2025-11-01 10:00'),
      ('aaaaaaab', 'happened', 'jump', 1, 't', 'o', 'critical', 'd', 'k', '', '2025-11-03', NULL, NULL, '2025-11-03', '2025-11-01', '2025-11-01 11:00'),
      ('bbbbbbbb', 'unknown', 'jump', 1, 't', 'o', 'critical', 'd', '', '', '2025-11-01', NULL, NULL, '2025-11-01', '2025-11-01', '2025-11-01 12:00'),
      ('bbbbbbbc', 'unknown', 'jump', 1, 't', 'o', 'critical', 'e', '', '', '2025-11-01', NULL, NULL, '2025-11-01', '2025-11-01', '2025-11-01 12:00'),
      ('bbbbbbbd', 'known', 'jump', 1, 't', 'o', 'critical', 'e', '', '', '2025-11-01', '2025-11-02', 'bbbbbbbc', '2025-11-02', '2025-11-02', '2025-11-02')`,
  })
  await chain.store.command({
    query: `INSERT INTO tidemark.alert_events (id, kind, rule_id, rule_version, dataset, onset_at, point_at, known_at, at, detail)
      VALUES ('cccccccc', 'unknown', 'high-border', 2, 'd', '2025-11-01', '2025-11-01', '2025-11-01', '2025-11-01 13:00', 'late: upstream-down')`,
  })
  const ids = async (path: string) => (await listed(path)).map(({ id }) => id)
  expect(await ids('alerts/events?rule=jump&kind=happened')).toEqual(['aaaaaaab', 'aaaaaaaa'])
  expect(await ids('alerts/events?kind=happened&since=2025-11-01T11:00:00Z')).toEqual(['aaaaaaab'])
  expect(await ids('alerts/firing?kind=unknown')).toEqual(['cccccccc', 'bbbbbbbb'])
  expect(await listed('alerts/rules')).toMatchObject([
    {
      id: 'high-border',
      unknown: [{ dataset: 'd', onsetAt: '2025-11-01T00:00:00.000Z', detail: 'late: upstream-down' }],
    },
  ])
  expect(await ids('alerts/firing')).toEqual([])
  expect((await api.get('alerts/events?kind=fired')).status).toBe(400)
  expect((await api.get('alerts/events?since=yesterday')).status).toBe(400)
})

test('a silence has an end and a reason, and is ended before it', async () => {
  const asked = { rule: 'high-*', until: new Date(Date.now() + hourMs).toISOString(), why: 'works at the border' }
  const made = await send('POST', 'alerts/silences', asked)
  expect(made).toMatchObject({ status: 200, body: { rule: 'high-*', dataset: '*', key: '*', untilAt: asked.until } })
  expect(await listed('alerts/silences')).toMatchObject([{ id: made.body.id, why: 'works at the border' }])
  const past = { ...asked, until: '2025-01-01' }
  expect(await send('POST', 'alerts/silences', past)).toMatchObject({
    status: 400,
    body: { detail: 'The end of the silence lies in the past.' },
  })
  expect(await send('POST', 'alerts/silences', asked, reader)).toMatchObject({ status: 403 })
  const path = `alerts/silences/${String(made.body.id)}`
  expect(await send('DELETE', path, { why: 'over' }, reader)).toMatchObject({ status: 403 })
  expect(await send('DELETE', path, { why: 'over' })).toMatchObject({ status: 200, body: { id: made.body.id } })
  expect(await listed('alerts/silences')).toEqual([])
  expect(await send('DELETE', path, { why: 'over' })).toMatchObject({ status: 404 })
})

test('an endpoint keeps its owner, who may change it', async () => {
  const { kafka, registry } = chain
  const parts: AlertParts = { kafka, registry, log: { warn: () => undefined } }
  const save = (owner: string, address: string) =>
    saveEndpoint(parts, { id: 'desk', kind: 'email', address, owner }, 'a test')
  await save('trading', 'one@example.org')
  await expect(save('me', 'me@example.org')).rejects.toThrow(
    "There is an endpoint desk already, and it belongs to trading, not to me: take another id. To change it for trading, name `--owner 'trading'`; to give it to me, delete it first: `npx tidemark alerts endpoint delete desk`.",
  )
  const { keyGeneration } = await save('trading', 'two@example.org')
  const kept = { id: 'desk', owner: 'trading', address: 'two@example.org', keyGeneration }
  expect(await listEndpoints(parts)).toMatchObject([kept])
  await deleteEndpoint(parts, 'desk')
  // Its secret is another one.
  expect((await save('me', 'me@example.org')).keyGeneration).not.toBe(keyGeneration)
  expect(await listEndpoints(parts)).toMatchObject([{ id: 'desk', owner: 'me', address: 'me@example.org' }])
  await deleteEndpoint(parts, 'desk')
})

test('where alerts are sent to is not told, and a deleted rule is gone', async () => {
  expect((await api.get('alerts/endpoints', { headers: operator })).status).toBe(404)
  expect(await send('DELETE', 'alerts/rules/high-border', { why: 'over' })).toMatchObject({
    status: 200,
    body: { version: 3 },
  })
  expect(await listed('alerts/rules')).toEqual([])
  expect(await eventsOf('high-border')).toContain('firing')
})
