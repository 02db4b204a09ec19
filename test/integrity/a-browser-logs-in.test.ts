// The API on real parts: how a browser logs in by a token, by a link and at an OpenID provider, and what its cookie may do.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { newToken } from '#core/api-token.ts'
import { freePorts } from '#local/free-ports.ts'
import { addressOfLink, createLink, listTokens, revokeToken } from '#operations/tokens/tokens.ts'
import { offsetRange, readRanges } from '#platform/kafka/read-range.ts'
import { type Audit, apiTokenSchema, auditSchema } from '#schemas/generated/records.ts'
import { type Browser, browser } from '../support/browser.ts'
import { type OpenIdProvider, startOpenIdProvider } from '../support/openid-provider.ts'
import { type Pipeline, startPipeline } from '../support/pipeline.ts'
import { stackOf } from '../support/stack-of.ts'
import { tidemark } from '../support/tidemark-command.ts'
import { type RunningApi, startApi } from './api-parts.ts'
import { eventually } from './poller-parts.ts'

vi.setConfig({ testTimeout: 120_000 })

const client = { id: 'tidemark', secret: 'a secret of the test' }

let pipeline: Pipeline
/** The API of loopback, with anonymous readers. */
let api: RunningApi
/** Another API of the same topics that lets nobody read without a token. */
let closed: RunningApi
let provider: OpenIdProvider

beforeAll(async () => {
  pipeline = await startPipeline()
  const [port = 0] = await freePorts(1)
  provider = await startOpenIdProvider({
    ...client,
    redirectUri: `http://127.0.0.1:${port}/api/v1/session/oidc/callback`,
  })
  api = await startApi(pipeline, {
    ...{
      API_PORT: `${port}`,
      OIDC_ISSUER: provider.issuer,
      OIDC_CLIENT_ID: client.id,
      OIDC_SCOPE: 'openid email groups',
    },
    ...{ OIDC_CLIENT_SECRET: client.secret, OIDC_ROLES: 'ops:operator,desk:trader' },
  })
  closed = await startApi(pipeline, { API_ANONYMOUS: 'off' })
}, 300_000)
afterAll(async () => {
  await provider?.stop()
  await pipeline?.stop()
})

interface Who {
  name: string
  role: string
  source: string | null
  expires: string | null
  anonymous: boolean
}

const nameAt = ({ url }: RunningApi): string => `tidemark_${new URL(url).port}`
const session = ({ url }: RunningApi): string => `${url}/api/v1/session`
const whoIs = async (user: Browser, at = api): Promise<Who> => (await user.ask(session(at))).json() as Promise<Who>

/** Creates a token that both processes know. */
async function tokenOf(request: Parameters<RunningApi['as']>[0]): Promise<{ text: string; id: string }> {
  const headers = await api.as(request)
  for (const each of [api, closed])
    await eventually('the token is known', async () => (await each.get('datasets', { headers })).ok)
  const text = headers.authorization.slice(7)
  const { id } = (await listTokens(pipeline)).find(({ sha256 }) => sha256 === hashOf(text))!
  return { text, id }
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex')

const logIn = (user: Browser, token: string, at = api, headers: Record<string, string> = {}) =>
  user.ask(session(at), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ token }),
  })

/** Drops a letter that does not exist: the smallest change that is on the record. */
const change = (user: Browser, headers: Record<string, string>, why = 'a try') =>
  user.ask(`${api.url}/api/v1/dead-letters/drop`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ ids: ['jao.dlq/0/0'], why }),
  })

async function auditsOf(why: string): Promise<Audit[]> {
  const all: Audit[] = []
  const decoder = pipeline.registry.decoder(auditSchema)
  await readRanges(pipeline.kafka, 'audit', await offsetRange(pipeline.kafka, 'audit'), async (records) => {
    await decoder.prepare(records.map(({ value }) => value))
    for (const { value } of records) all.push(decoder.decode(value) as Audit)
  })
  return all.filter((audit) => audit.why === why && audit.endedAt !== null)
}

describe('a login with a token', () => {
  test('sets a cookie for this instance that no script and no other site can use, as long as the token is valid', async () => {
    const { text, id } = await tokenOf({ role: 'operator', source: 'jao', expiresInDays: 2 })
    const user = browser()
    const answer = await logIn(user, text)
    expect([answer.status, await answer.text()]).toEqual([204, ''])
    expect([...user.cookies.keys()]).toEqual([nameAt(api)])
    const [flags] = [...user.attributes.values()]
    expect(flags?.filter((flag) => !flag.startsWith('max-age='))).toEqual(['path=/', 'httponly', 'samesite=strict'])
    const maxAge = Number(flags?.find((flag) => flag.startsWith('max-age='))?.slice(8))
    expect(maxAge).toBeGreaterThan(172_800 - 120)
    expect(maxAge).toBeLessThanOrEqual(172_800)
    const who = await whoIs(user)
    expect(who).toMatchObject({ name: id, role: 'operator', source: 'jao', anonymous: false })
    expect(Date.parse(who.expires!) - Date.now()).toBeLessThanOrEqual(172_800_000)
  })

  test('with a token that is unknown, expired or revoked, or a link, is refused and sets no cookie', async () => {
    const expired = await api.as({ role: 'operator', expiresInDays: -1 })
    const revoked = await tokenOf({ role: 'operator' })
    await revokeToken(pipeline, revoked.id)
    const link = await createLink(pipeline, { role: 'operator', by: 'test' })
    await eventually('the link is known', async () => (await fetch(addressOfLink(api.url, link.text))).ok)
    for (const token of ['tdm_no', expired.authorization.slice(7), revoked.text, link.text]) {
      const user = browser()
      const answer = await logIn(user, token)
      expect([token, answer.status, user.cookies.size]).toEqual([token, 401, 0])
    }
    expect(
      (await fetch(`${api.url}/api/v1/datasets`, { headers: { authorization: `Bearer ${link.text}` } })).status,
    ).toBe(401)
    expect((await logIn(browser(), '')).status).toBe(400)
  })

  test('from a page of another site is refused, and so is a form', async () => {
    const { text } = await tokenOf({ role: 'reader' })
    expect((await logIn(browser(), text, api, { origin: 'http://127.0.0.1:1' })).status).toBe(403)
    expect((await logIn(browser(), text, api, { origin: 'null' })).status).toBe(403)
    const form = { method: 'POST', body: new URLSearchParams({ token: text }) }
    expect((await fetch(session(api), form)).status).toBe(415)
  })

  test('on two instances of one host gives two cookies, and each instance knows its own', async () => {
    const user = browser()
    const [one, other] = [await tokenOf({ role: 'trader' }), await tokenOf({ role: 'reader' })]
    await logIn(user, one.text, api)
    await logIn(user, other.text, closed)
    expect([...user.cookies.keys()].toSorted()).toEqual([nameAt(api), nameAt(closed)].toSorted())
    expect([await whoIs(user, api), await whoIs(user, closed)]).toMatchObject([{ name: one.id }, { name: other.id }])
    await user.ask(session(api), { method: 'DELETE', headers: { origin: api.url } })
    expect([await whoIs(user, api), await whoIs(user, closed)]).toMatchObject([{ anonymous: true }, { name: other.id }])
  })
})

describe('who one is', () => {
  test('without credentials: an anonymous reader on loopback; where nobody is, a token is needed', async () => {
    expect(await whoIs(browser())).toEqual({
      ...{ name: 'anonymous', role: 'reader', source: null, expires: null, anonymous: true },
    })
    expect((await browser().ask(session(closed))).status).toBe(401)
  })
})

describe('a change with a cookie', () => {
  test('needs the Origin of the API, exactly; one with a bearer token needs none', async () => {
    const { text } = await tokenOf({ role: 'operator' })
    const user = browser()
    await logIn(user, text)
    const { port } = new URL(api.url)
    for (const headers of [
      {},
      { origin: 'null' },
      { origin: closed.url },
      { origin: 'http://127.0.0.1' },
      { origin: `http://localhost:${port}` },
      { origin: `http://127.0.0.1:${port}.evil.example` },
      { origin: `https://127.0.0.1:${port}` },
    ])
      expect([headers, (await change(user, headers)).status]).toEqual([headers, 403])
    expect((await change(user, { origin: api.url })).status).toBe(200)
    expect((await change(browser(), { authorization: `Bearer ${text}` })).status).toBe(200)
    expect((await change(browser(), { origin: api.url })).status).toBe(401)
    // A bearer token is what counts where both are sent.
    expect((await change(user, { authorization: 'Bearer tdm_no', origin: api.url })).status).toBe(401)
    expect((await user.ask(session(api), { method: 'DELETE' })).status).toBe(403)
  })

  test('is on the record under the id of the token, and needs its role', async () => {
    const [operator, reader] = [await tokenOf({ role: 'operator' }), await tokenOf({ role: 'reader' })]
    const user = browser()
    await logIn(user, reader.text)
    expect((await change(user, { origin: api.url })).status).toBe(403)
    // A browser that is logged in logs in anew: this, too, is a change with a cookie.
    expect((await logIn(user, operator.text)).status).toBe(403)
    expect((await logIn(user, operator.text, api, { origin: api.url })).status).toBe(204)
    expect((await change(user, { origin: api.url }, 'by cookie')).status).toBe(200)
    expect(await auditsOf('by cookie')).toMatchObject([{ who: operator.id, role: 'operator' }])
  })
})

test('a token that is revoked ends its session: reads fall back to anonymous where that is allowed, and the cookie goes', async () => {
  const { text, id } = await tokenOf({ role: 'operator' })
  const [here, there, late] = [browser(), browser(), browser()]
  await logIn(here, text, api)
  await logIn(there, text, closed)
  await logIn(late, text, api)
  const stream = await there.ask(`${closed.url}/api/v1/live`)
  expect(stream.status).toBe(200)
  expect((await there.ask(`${closed.url}/api/v1/datasets`)).status).toBe(200)
  await revokeToken(pipeline, id)
  const refused = async () => (await there.ask(`${closed.url}/api/v1/datasets`)).status === 401
  await eventually('the other API refuses it', refused)
  // The stream that it opened ends, too.
  await expect(stream.text()).rejects.toThrow('terminated')
  expect(there.cookies.size).toBe(0)
  await eventually('the API knows it', async () => (await whoIs(here)).anonymous)
  expect(here.cookies.size).toBe(0)
  expect((await change(late, { origin: api.url })).status).toBe(401)
  expect(late.cookies.size).toBe(0)
})

describe('a link', () => {
  const linkFor = async (role: 'reader' | 'operator'): Promise<string> => {
    const { text, token } = await createLink(pipeline, { role, by: 'tester' })
    expect(token.expiresAt! - token.createdAt).toBe(600_000)
    for (const each of [api, closed])
      await eventually('the link is known', async () => (await fetch(addressOfLink(each.url, text))).ok)
    return text
  }
  const press = (user: Browser, code: string, at = api, headers: Record<string, string> = { origin: at.url }) =>
    user.ask(`${session(at)}/once`, { method: 'POST', body: new URLSearchParams({ code }), headers })

  test('opens a page whose button begins one session of its role; whoever only looks uses nothing up', async () => {
    const code = await linkFor('operator')
    const user = browser()
    for (const method of ['GET', 'HEAD', 'GET']) {
      const page = await user.ask(addressOfLink(api.url, code), { method })
      expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
      // With `no-referrer`, a browser would send the form with `Origin: null`.
      expect(page.headers.get('referrer-policy')).toBe('same-origin')
      expect(page.headers.get('cache-control')).toBe('no-store')
      expect(page.headers.get('content-security-policy')).toContain("default-src 'self'")
      expect(page.headers.get('content-security-policy')).not.toContain('upgrade-insecure-requests')
      const html = await page.text()
      if (method === 'GET') expect(html).toContain(`<form method="post" action="/api/v1/session/once">`)
      if (method === 'GET') expect(html).toContain(`name="code" value="${code}"`)
    }
    expect(user.cookies.size).toBe(0)
    const entered = await press(user, code)
    expect([entered.status, entered.headers.get('location')]).toEqual([303, '/'])
    expect([...user.cookies.keys()]).toEqual([nameAt(api)])
    // The very next request is that of the session.
    const who = await whoIs(user)
    expect(who).toMatchObject({ role: 'operator', source: null, anonymous: false })
    const leftMs = Date.parse(who.expires!) - Date.now()
    expect(leftMs).toBeGreaterThan(12 * 3_600_000 - 120_000)
    expect(leftMs).toBeLessThanOrEqual(12 * 3_600_000)
    expect((await change(user, { origin: api.url }, 'by link')).status).toBe(200)
    expect(await auditsOf('by link')).toMatchObject([{ who: who.name, role: 'operator' }])
    expect((await listTokens(pipeline)).find(({ id }) => id === who.name)).toMatchObject({ createdBy: 'tester' })
    for (const again of [await press(browser(), code), await browser().ask(addressOfLink(api.url, code))])
      expect(again.status).toBe(410)
  })

  test('begins one session, also if two processes are asked at the same time', async () => {
    for (let round = 0; round < 5; round += 1) {
      const code = await linkFor('reader')
      const presses = [api, closed, api, closed].map((at) => press(browser(), code, at))
      const statuses = (await Promise.all(presses)).map(({ status }) => status)
      expect(statuses.toSorted()).toEqual([303, 410, 410, 410])
    }
  })

  test('that has expired, was revoked, is unknown or comes from another site begins none', async () => {
    const old = newToken(
      { kind: 'link', role: 'operator', source: null, createdBy: 'test', expiresAt: Date.now() - 1, person: null },
      Date.now() - 600_001,
    )
    const encode = await pipeline.registry.encoder('api-tokens', apiTokenSchema)
    await pipeline.producer.send('api-tokens', [{ key: old.token.id, value: encode(old.token) }])
    const revoked = await linkFor('operator')
    const { id } = (await listTokens(pipeline)).find(({ sha256 }) => sha256 === hashOf(revoked))!
    await revokeToken(pipeline, id)
    const good = await linkFor('operator')
    const { text: token } = await tokenOf({ role: 'operator' })
    for (const code of [old.text, revoked, 'tdl_unknown', token])
      expect([code, (await press(browser(), code)).status]).toEqual([code, 410])
    expect((await press(browser(), '"><script>')).status).toBe(400)
    expect((await browser().ask(addressOfLink(api.url, '%22%3E%3Cscript%3E'))).status).toBe(400)
    for (const origin of ['null', closed.url]) expect((await press(browser(), good, api, { origin })).status).toBe(403)
    expect((await press(browser(), good)).status).toBe(303)
  })

  test('begins a session that any process of the instance knows, and that the logout ends everywhere', async () => {
    const user = browser()
    await press(user, await linkFor('reader'), api)
    const text = user.cookies.get(nameAt(api))!
    const other = { headers: { cookie: `${nameAt(closed)}=${text}` } }
    await eventually('the other process knows it', async () => (await fetch(session(closed), other)).ok)
    const out = await user.ask(session(api), { method: 'DELETE', headers: { origin: api.url } })
    expect([out.status, user.cookies.size]).toEqual([204, 0])
    const again = await fetch(session(api), { headers: { cookie: `${nameAt(api)}=${text}` } })
    expect(await again.json()).toMatchObject({ anonymous: true })
    await eventually('the other process refuses it', async () => (await fetch(session(closed), other)).status === 401)
  })

  test('is what `tidemark open` prints', async () => {
    const { dataDir } = await stackOf(pipeline, api.url)
    const { code, stdout, stderr } = await tidemark(['open', '--role', 'trader', '--data', dataDir], {
      ...process.env,
      ...pipeline.environment,
    })
    expect([code, stderr.split(',')[0]]).toEqual([0, 'the link opens one session with the role trader'])
    const url = new URL(stdout.trim())
    expect([url.origin, url.pathname]).toEqual([api.url, '/api/v1/session/once'])
    const user = browser()
    await eventually('the link is known', async () => (await user.ask(url.href)).ok)
    expect((await press(user, url.searchParams.get('code')!)).status).toBe(303)
    expect(await whoIs(user)).toMatchObject({ role: 'trader' })
    const listed = await tidemark(['token', 'list', '--data', dataDir], { ...process.env, ...pipeline.environment })
    expect(listed.stdout).toMatch(/session +trader +all sources +valid until/)
  })
})

test('under a public URL of https the cookie never travels without TLS, and changes need its origin', async () => {
  const shown = await startApi(pipeline, { API_PUBLIC_URL: 'https://tidemark.example' })
  const { text } = await tokenOf({ role: 'operator' })
  const { hostname, port } = new URL(shown.url)
  const ask = async (path: string, headers: Record<string, string>, body: object) => {
    const sent = request({
      ...{ hostname, port, path, method: 'POST' },
      headers: { host: 'tidemark.example', 'content-type': 'application/json', ...headers },
    })
    sent.end(JSON.stringify(body))
    const [answer] = (await once(sent, 'response')) as [IncomingMessage]
    answer.resume()
    return answer
  }
  const { statusCode, headers } = await ask('/api/v1/session', { origin: 'https://tidemark.example' }, { token: text })
  expect(statusCode).toBe(204)
  const [line = ''] = headers['set-cookie'] ?? []
  expect(line).toMatch(/^tidemark_[0-9a-f]{8}=tdm_/)
  expect(line.split('; ').slice(1)).toEqual(expect.arrayContaining(['Path=/', 'HttpOnly', 'Secure', 'SameSite=Strict']))
  const [cookie = ''] = line.split(';')
  const drop = async (origin: string) => {
    const body = { ids: ['jao.dlq/0/0'], why: 'a try' }
    return (await ask('/api/v1/dead-letters/drop', { cookie, origin }, body)).statusCode
  }
  expect(await drop('https://tidemark.example')).toBe(200)
  for (const origin of ['http://tidemark.example', shown.url, 'https://evil.example'])
    expect(await drop(origin)).toBe(403)
})

describe('a login at an OpenID provider', () => {
  const enter = (user: Browser) => user.open(`${session(api)}/oidc`)

  test('begins a session with the highest role of the groups, under a verified address', async () => {
    provider.person = { sub: 'u-1', email: 'ada@example.com', email_verified: true, groups: ['desk', 'staff', 'ops'] }
    const user = browser()
    const { answer, url } = await enter(user)
    expect([answer.status, new URL(url).pathname]).toEqual([200, '/api/v1/session/oidc/callback'])
    expect(await answer.text()).toContain('<meta http-equiv="refresh" content="0;url=/">')
    expect(user.attributes.get(nameAt(api))).toEqual(expect.arrayContaining(['httponly', 'samesite=strict', 'path=/']))
    expect(await whoIs(user)).toMatchObject({ name: 'oidc:ada@example.com', role: 'operator', anonymous: false })
    expect((await change(user, { origin: api.url }, 'by oidc')).status).toBe(200)
    expect(await auditsOf('by oidc')).toMatchObject([{ who: 'oidc:ada@example.com', role: 'operator' }])
    // The attempt is over: its cookie has gone, and the address of its end leads nowhere.
    expect(user.cookies.has(`${nameAt(api)}_oidc`)).toBe(false)
    expect((await user.ask(url)).status).toBe(401)
  })

  test('names a person without a verified address by the subject', async () => {
    provider.person = { sub: 'u-2', email: 'ada@example.com', email_verified: false, groups: ['desk'] }
    const user = browser()
    await enter(user)
    expect(await whoIs(user)).toMatchObject({ name: 'oidc:u-2', role: 'trader' })
  })

  test('of a person without a mapped group is refused with a sentence', async () => {
    for (const groups of [[], ['staff'], undefined]) {
      provider.person = { sub: 'u-3', ...(groups && { groups }) }
      const user = browser()
      const { answer } = await enter(user)
      expect(answer.status).toBe(403)
      expect(((await answer.json()) as { detail: string }).detail).toBe(
        'oidc:u-3 has no role here: OIDC_ROLES maps no value of the claim groups.',
      )
      expect(user.cookies.has(nameAt(api))).toBe(false)
    }
  })

  /** Goes to the provider, and stops before the browser comes back. */
  async function comeBack(user: Browser): Promise<string> {
    let url = `${session(api)}/oidc`
    for (;;) {
      url = new URL((await user.ask(url)).headers.get('location')!, url).href
      if (url.startsWith(`${session(api)}/oidc/callback`)) return url
    }
  }

  test('whose state is of another attempt, or which this browser did not begin, is refused', async () => {
    provider.person = { sub: 'u-4', groups: ['ops'] }
    const [one, other] = [browser(), browser()]
    const mine = await comeBack(one)
    const theirs = await comeBack(other)
    expect((await browser().ask(mine)).status).toBe(401)
    // An attacker's code in the browser of somebody else.
    expect((await one.ask(theirs)).status).toBe(401)
    expect(one.cookies.has(nameAt(api))).toBe(false)
    expect((await other.ask(theirs)).status).toBe(200)
    expect(await whoIs(other)).toMatchObject({ name: 'oidc:u-4' })
    const denied = browser()
    const state = new URL(await comeBack(denied)).searchParams.get('state')!
    const no = `${session(api)}/oidc/callback?error=access_denied&state=${state}&iss=${provider.issuer}`
    const answer = await denied.ask(no)
    expect([answer.status, ((await answer.json()) as { detail: string }).detail]).toEqual([
      401,
      'The login failed: access_denied. Begin again.',
    ])
  })

  test('is not there where no provider is configured, and waits for one that is away', async () => {
    expect((await browser().ask(`${session(closed)}/oidc`)).status).toBe(404)
    const [port = 0] = await freePorts(1)
    const alone = await startApi(pipeline, {
      ...{ OIDC_ISSUER: `http://127.0.0.1:${port}`, OIDC_CLIENT_ID: 'tidemark', OIDC_ROLES: 'ops:operator' },
    })
    expect((await browser().ask(`${session(alone)}/oidc`)).status).toBe(503)
    expect(await whoIs(browser(), alone)).toMatchObject({ anonymous: true })
  })
})

test('no log has a token, a code or the secret of the client', () => {
  const logs = [api, closed].map(({ log }) => log())
  expect(logs[0]).toContain('oidc:ada@example.com')
  for (const log of logs) expect(log).not.toMatch(new RegExp(`td[msl]_[\\w-]{20}|code=|${client.secret}`))
})
