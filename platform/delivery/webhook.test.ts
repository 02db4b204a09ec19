import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { Webhook } from 'standardwebhooks'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type AddressGuard, openAddressGuard } from './address-guard.ts'
import type { AlertMessage } from './message.ts'
import { sendWebhook } from './webhook.ts'

const secret = `whsec_${Buffer.alloc(32, 1).toString('base64')}`
const newSecret = `whsec_${Buffer.alloc(24, 2).toString('base64')}`
const message: AlertMessage = {
  id: 'msg_3f2A-1',
  atMs: Date.parse('2026-04-20T08:00:00Z'),
  type: 'alert.fired',
  data: { rule: 'spike', value: 3.5, words: 'Überlast €' },
  subject: 'spike fires',
  text: 'spike fires',
}

interface Received {
  request: IncomingMessage
  body: string
}

let received: Received[] = []
let answer: (request: IncomingMessage, response: ServerResponse) => void
const server = createServer(async (request, response) => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  received.push({ request, body: Buffer.concat(chunks).toString('utf8') })
  answer(request, response)
})

let host: string
let guard: AddressGuard
const endpoint = () => ({ url: `http://${host}/hook/secret-path`, secrets: [secret] })
const send = (options: { timeoutMs?: number; signal?: AbortSignal; sentAtMs?: number } = {}) =>
  sendWebhook(endpoint(), message, { guard, ...options })

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  guard = openAddressGuard({ allowed: ['127.0.0.0/8'] })
})

afterEach(() => {
  received = []
})

afterAll(async () => {
  await guard.close()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

/** Answers every request so. */
function answers(status: number, headers: Record<string, string | string[]> = {}, body: string | Buffer = ''): void {
  answer = (_, response) => response.writeHead(status, headers).end(body)
}

const headersOf = ({ request }: Received): Record<string, string> => request.headers as Record<string, string>

test('the official receiver verifies a message', async () => {
  answers(204)
  expect(await send()).toEqual({ kind: 'delivered', status: 204 })
  const [one] = received
  expect(new Webhook(secret).verify(one!.body, headersOf(one!))).toEqual({
    type: 'alert.fired',
    timestamp: '2026-04-20T08:00:00.000Z',
    data: { rule: 'spike', value: 3.5, words: 'Überlast €' },
  })
  expect(one!.request.method).toBe('POST')
  expect(one!.request.url).toBe('/hook/secret-path')
  expect(headersOf(one!)).toMatchObject({ 'content-type': 'application/json', 'webhook-id': 'msg_3f2A-1' })
  expect(() => new Webhook(newSecret).verify(one!.body, headersOf(one!))).toThrow()
  expect(() => new Webhook(secret).verify(`${one!.body} `, headersOf(one!))).toThrow()
})

test('while rotating, receivers with the old and with the new secret verify', async () => {
  answers(200)
  await sendWebhook({ ...endpoint(), secrets: [newSecret, secret] }, message, { guard })
  const [one] = received
  for (const known of [secret, newSecret]) new Webhook(known).verify(one!.body, headersOf(one!))
  expect(headersOf(one!)['webhook-signature']).toMatch(/^v1,\S+ v1,\S+$/)
})

test('the time of the attempt is signed, in seconds', async () => {
  answers(200)
  await send({ sentAtMs: Date.parse('2026-04-20T09:00:00.999Z') })
  expect(headersOf(received[0]!)['webhook-timestamp']).toBe('1776675600')
  expect(() => new Webhook(secret).verify(received[0]!.body, headersOf(received[0]!))).toThrow('too old')
})

test('a redirect is a failure that says where it points, and is not followed', async () => {
  for (const status of [301, 302, 303, 307, 308]) {
    answers(status, { location: `http://${host}/elsewhere` })
    expect(await send()).toEqual({
      kind: 'failed',
      reason: `${host} answered ${status}, a redirect to http://${host}/elsewhere, which is not followed; change the endpoint's URL if it moved`,
    })
  }
  answers(304)
  expect(await send()).toEqual({ kind: 'failed', reason: `${host} answered 304, a redirect to nowhere` })
  expect(received.map(({ request }) => request.url)).toEqual(new Array(6).fill('/hook/secret-path'))
})

test('410 ends the endpoint; other errors do not', async () => {
  answers(410, {}, 'moved away')
  expect(await send()).toEqual({ kind: 'gone', reason: `${host} answered 410 (gone): moved away` })
  for (const status of [400, 401, 404, 500]) {
    answers(status, { 'retry-after': '60' })
    expect(await send()).toEqual({ kind: 'failed', reason: `${host} answered ${status}` })
  }
})

test('Retry-After of a busy receiver is obeyed, for a day at the most', async () => {
  const date = 'Mon, 20 Apr 2026 08:00:00 GMT'
  for (const status of [429, 502, 503, 504]) {
    answers(status, { 'retry-after': '60' })
    expect(await send()).toEqual({ kind: 'failed', reason: `${host} answered ${status}`, afterMs: 60_000 })
  }
  answers(503, { date, 'retry-after': 'Mon, 20 Apr 2026 08:10:00 GMT' })
  expect(await send()).toMatchObject({ afterMs: 600_000 })
  answers(503, { 'retry-after': '9'.repeat(400) })
  expect(await send()).toMatchObject({ afterMs: 86_400_000 })
  answers(503, { 'retry-after': 'soon' })
  expect(await send()).not.toHaveProperty('afterMs')
})

test('of an answer 300 printable characters are kept', async () => {
  answers(500, {}, `  down\r\n\tfor \u001b[31mrepair\u202e ${'€'.repeat(400)}`)
  const words = `down for \ufffd[31mrepair\ufffd ${'€'.repeat(400)}`.slice(0, 300)
  expect(await send()).toEqual({ kind: 'failed', reason: `${host} answered 500: ${words}` })
  answers(500, { 'content-encoding': 'gzip' }, gzipSync('bomb'))
  expect(await send()).toEqual({ kind: 'failed', reason: `${host} answered 500` })
})

test('an answer without an end is read to 64 KiB', async () => {
  for (const [status, kind] of [
    [500, 'failed'],
    [200, 'delivered'],
  ] as const) {
    let written = 0
    answer = (_, response) => {
      response.writeHead(status)
      const more = (): void => {
        written += 65_536
        response.write('x'.repeat(65_536), (error) => {
          if (!error && !response.destroyed) setImmediate(more)
        })
      }
      more()
    }
    expect(await send()).toMatchObject({ kind })
    // What the buffers of the sockets hold comes on top.
    expect(written).toBeLessThan(16 * 1_048_576)
  }
})

test('an answer whose body stops counts by its status once the time is over', async () => {
  answer = (_, response) => response.writeHead(200).write('thank')
  expect(await send({ timeoutMs: 100 })).toEqual({ kind: 'delivered', status: 200 })
  answer = (_, response) => response.writeHead(500).write('sorry')
  expect(await send({ timeoutMs: 100 })).toEqual({ kind: 'failed', reason: `${host} answered 500: sorry` })
})

test('a receiver that does not answer in time is a failure', async () => {
  answer = () => {}
  expect(await send({ timeoutMs: 100 })).toEqual({ kind: 'failed', reason: `${host} did not answer within 0.1 s` })
})

test('a connection that breaks or is not taken is a failure', async () => {
  answer = (request) => request.socket.destroy()
  expect(await send()).toEqual({ kind: 'failed', reason: expect.stringContaining(`${host}: other side closed`) })
  const closed = createServer()
  await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve))
  const { port } = closed.address() as AddressInfo
  await new Promise((resolve) => closed.close(resolve))
  const result = await sendWebhook({ ...endpoint(), url: `http://127.0.0.1:${port}/` }, message, { guard })
  const reason = `127.0.0.1:${port}: the connection is refused (ECONNREFUSED); does anything listen at that port?`
  expect(result).toEqual({ kind: 'failed', reason })
})

test('an endpoint in a reserved network is not asked', async () => {
  answers(200)
  const strict = openAddressGuard({ allowed: [], resolve: async () => [{ address: '127.0.0.1', family: 4 }] })
  const { port } = server.address() as AddressInfo
  const results = await Promise.all(
    [`http://127.0.0.1:${port}/`, `http://inside.example:${port}/`, `ftp://inside.example:${port}/`].map((url) =>
      sendWebhook({ url, secrets: [secret] }, message, { guard: strict }),
    ),
  )
  await strict.close()
  expect(results).toEqual([
    { kind: 'failed', reason: expect.stringContaining('127.0.0.1 is in a private or reserved network') },
    { kind: 'failed', reason: expect.stringContaining('inside.example is 127.0.0.1, which is in a private') },
    { kind: 'failed', reason: expect.stringContaining('it must begin with https: or http:') },
  ])
  expect(received).toEqual([])
})

test('a caller that stops gets its reason', async () => {
  const stop = new AbortController()
  answer = () => stop.abort(new Error('the service stops'))
  await expect(send({ signal: stop.signal })).rejects.toThrow('the service stops')
})

test('a message of 20 kB or more, an id or a secret that does not fit are errors of the caller', async () => {
  answers(200)
  const empty = Buffer.byteLength('{"type":"alert.fired","timestamp":"2026-04-20T08:00:00.000Z","data":{"text":""}}')
  const sized = (bytes: number): AlertMessage => ({ ...message, data: { text: 'x'.repeat(bytes - empty) } })
  expect(await sendWebhook(endpoint(), sized(19_999), { guard })).toMatchObject({ kind: 'delivered' })
  await expect(sendWebhook(endpoint(), sized(20_000), { guard })).rejects.toThrow(
    new RangeError('the message has 20000 bytes; webhooks take less than 20000'),
  )
  for (const id of ['', 'a.b', 'a\r\nb', 'ä', 'a'.repeat(129)])
    await expect(sendWebhook(endpoint(), { ...message, id }, { guard }), id).rejects.toThrow(RangeError)
  const short = `whsec_${Buffer.alloc(23, 1).toString('base64')}`
  for (const secrets of [[], [secret, secret, secret], [short], ['whsec_'], [secret.slice(6)], [`${secret}*`]])
    await expect(sendWebhook({ ...endpoint(), secrets }, message, { guard })).rejects.toThrow(RangeError)
  expect(received).toHaveLength(1)
})
