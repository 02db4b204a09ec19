// What the server refuses before it asks any of its parts.
import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildServer } from './server.ts'
import { unaskedParts } from './unasked-parts.ts'

let server: FastifyInstance

beforeAll(async () => {
  const never = { expiresAt: null, sessionId: null, isAccepted: () => true }
  const callerOf = () => ({ role: 'operator' as const, name: 'test', source: null, ...never })
  server = await buildServer({
    ...unaskedParts(),
    access: { isAnonymousAllowed: true, publicUrl: undefined, callerOf },
  })
})
afterAll(() => server?.close())

type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS'

async function ask(method: Method, path: string, body?: object) {
  const answer = await server.inject({
    ...{ method, url: path.startsWith('/') ? path : `/api/v1/${path}`, ...(body && { body }) },
    headers: { host: 'localhost', authorization: 'Bearer any' },
  })
  const { allow } = answer.headers
  const { detail = '' } = answer.body === '' ? {} : (answer.json() as { detail?: string })
  return { status: answer.statusCode, allow, type: answer.headers['content-type'], detail }
}

describe('a path that is known, asked with another method', () => {
  test.each([
    ['DELETE', 'datasets', 'GET, HEAD'],
    ['POST', 'series/jao.core.maxExchanges/border_AT_BE', 'GET, HEAD'],
    ['PUT', 'series/jao.core.maxExchanges/border_AT_BE.csv', 'GET, HEAD'],
    ['GET', 'replays/x', undefined],
    ['GET', 'backfills', 'POST'],
    ['GET', 'hosts/api.kraken.com/resume', 'POST'],
    // Replays are listed and begun under one path.
    ['PATCH', 'replays', 'GET, HEAD, POST'],
    ['DELETE', 'openapi.json', 'GET, HEAD'],
    ['HEAD', 'live', 'GET'],
    ['POST', '/time-machine/now/jao/core/api/data/maxExchanges', 'GET, HEAD'],
    ['GET', 'nothing', undefined],
  ] as const)('%s %s', async (method, path, allowed) => {
    const { status, allow, type, detail } = await ask(method, path)
    expect([status, allow]).toEqual([allowed === undefined ? 404 : 405, allowed])
    expect(type).toContain('application/problem+json')
    if (allowed !== undefined && method !== 'HEAD')
      expect(detail).toBe(`${method} is not a method of this path. Its methods are ${allowed}.`)
  })
})

describe('a parameter that cannot be read: which one, what came, and what is accepted', () => {
  const backfill = { dataset: 'jao.core.netPos', from: '2026-11-01', to: '2026-11-02', why: 'a look' }
  test.each([
    [
      'GET',
      'changes?limit=0',
      'Parameter `limit` is "0": a whole number from 1 to 10000 is accepted (rows of a page).',
    ],
    [
      'GET',
      'changes?limit=ten',
      'Parameter `limit` is "ten": a whole number from 1 to 10000 is accepted (rows of a page).',
    ],
    [
      'GET',
      'dead-letters?open=perhaps',
      'Parameter `open` is "perhaps": true or false is accepted (true: neither requeued nor dropped).',
    ],
    [
      'GET',
      'polls?outcome=fine',
      'Parameter `outcome` is "fine": one of changed, unchanged, empty, emptied, refused, unreadable, failed is accepted.',
    ],
    [
      'GET',
      'markets/rank',
      'Parameter `metric` is missing: a text of 1 to 60 characters is accepted (such as last, trades or volume).',
    ],
    [
      'GET',
      'markets/rank?metric=last&metric=volume',
      'Parameter `metric` is ["last","volume"]: a text of 1 to 60 characters is accepted (such as last, trades or volume).',
    ],
    [
      'GET',
      'markets/rank?metrik=last&metric=last',
      'Parameter `metrik` is not known here: metric, format, limit, cursor are.',
    ],
    ['GET', 'raw/jao/first/0', 'Part `partition` of the path is "first": a whole number from 0 to 10000 is accepted.'],
    [
      'GET',
      'live?kinds=slices',
      'Parameter `kinds` is "slices": kinds are slice, answer, poll, class, alert, change, separated by commas.',
    ],
  ] as const)('%s %s', async (method, path, detail) => {
    expect(await ask(method, path)).toMatchObject({ status: 400, detail })
  })

  test.each([
    [
      { ...backfill, why: undefined },
      'Field `why` of the body is missing: a text of 1 to 1000 characters is accepted (the reason, for the audit).',
    ],
    [
      { ...backfill, why: '  ' },
      'Field `why` of the body is "  ": a text of 1 to 1000 characters is accepted (the reason, for the audit).',
    ],
    [
      { ...backfill, from: '2026-02-30' },
      'Field `from` of the body is "2026-02-30": a day that exists, as YYYY-MM-DD, is accepted (first day, in the dataset\'s zone).',
    ],
    [
      { ...backfill, confirmEmpty: 'yes' },
      'Field `confirmEmpty` of the body is "yes": true or false is accepted (true: an empty answer withdraws the values of its window).',
    ],
    [{ ...backfill, whyy: 1 }, 'Field `whyy` of the body is not known here: dataset, from, to, confirmEmpty, why are.'],
    [[1], 'The body is [1]: a JSON object with the fields dataset, from, to, confirmEmpty, why is accepted.'],
    [undefined, 'The body is missing: a JSON object with the fields dataset, from, to, confirmEmpty, why is accepted.'],
    // Each of them is named, and what came is not repeated at length.
    [
      { dataset: 'x'.repeat(300), from: 7, to: '2026-11-02', why: 'a look' },
      `Field \`dataset\` of the body is "${'x'.repeat(99)}…: a text of at most 200 characters is accepted. Field \`from\` of the body is 7: a day that exists, as YYYY-MM-DD, is accepted (first day, in the dataset's zone).`,
    ],
  ])('a body of a backfill %#', async (body, detail) => {
    expect(await ask('POST', 'backfills', body)).toMatchObject({ status: 400, detail })
  })

  const accepted = 'a JSON object is accepted (a rule as JSON, as `npx tidemark alerts show` prints it).'
  test.each([
    ['PUT', 'alerts/rules/r', { why: 'a trial' }, `Field \`rule\` of the body is missing: ${accepted}`],
    ['PUT', 'alerts/rules/r', { rule: 'r', why: 'a trial' }, `Field \`rule\` of the body is "r": ${accepted}`],
    [
      ...(['PUT', 'alerts/rules/r', undefined] as const),
      'The body is missing: a JSON object with the fields rule, why is accepted.',
    ],
    ['POST', 'alerts/test', { rule: ['r'] }, `Field \`rule\` of the body is ["r"]: ${accepted}`],
    // The rule itself, without a name around it.
    [
      ...(['PUT', 'alerts/rules/r', { id: 'r', why: 'a trial' }] as const),
      `Field \`rule\` of the body is missing: ${accepted} Field \`id\` of the body is not known here: rule, why are.`,
    ],
  ] as const)('%s %s with a body without a rule: %j', async (method, path, body, detail) => {
    expect(await ask(method, path, body)).toMatchObject({ status: 400, detail })
  })

  test('a list in a body says which of its values', async () => {
    expect(await ask('POST', 'dead-letters/drop', { ids: ['jao.dlq/0/0', 7], why: 'x' })).toMatchObject({
      status: 400,
      detail:
        'Field `ids[1]` of the body is 7: a list of at most 1000 texts is accepted (as /api/v1/dead-letters names them).',
    })
  })
})

describe('a suffix of a path that is sent in one type alone is refused, not taken away', () => {
  test.each([
    ['raw/jao/0/1.csv', '"csv"', 'application/octet-stream'],
    ['raw/jao/0/1.json', '"json"', 'application/octet-stream'],
    ['raw/jao/0/1?format=ndjson', '"ndjson"', 'application/octet-stream'],
    ['health.csv', '"csv"', 'application/json'],
    ['lag.arrow', '"arrow"', 'application/json'],
    ['datasets.csv', '"csv"', 'application/json'],
    ['datasets/jao.core.netPos/contract.json', '"json"', 'application/yaml'],
    ['openapi.ndjson', '"ndjson"', 'application/json'],
  ])('%s', async (path, format, type) => {
    expect(await ask('GET', path)).toMatchObject({
      status: 406,
      detail: `This resource has no format ${format}: it is sent as ${type}. Leave out the suffix of the path, or the parameter \`format\`.`,
    })
  })

  test.each(['datasets.json', 'datasets/jao.core.netPos.json', 'lag.json', 'jobs.json?', 'openapi.json'])(
    '%s is what is sent anyway',
    async (path) => {
      expect((await ask('GET', path)).status).toBe(200)
    },
  )

  test('run events are one a line', async () => {
    // It goes on to the store, which nobody has here.
    expect((await ask('GET', 'datasets/jao.core.netPos/lineage.ndjson')).status).toBe(503)
    expect((await ask('GET', 'datasets/jao.core.netPos/lineage.json')).status).toBe(406)
  })
})
