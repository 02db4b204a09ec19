import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { afterEach, expect, test } from 'vitest'
import { lineageUrl, pushEvents } from './push-events.ts'

interface Received {
  path: string
  authorization: string | undefined
  body: unknown
}

let server: Server
afterEach(() => new Promise<void>((closed) => server?.close(() => closed())))

/** Starts a server that answers with these statuses, one after the other, and then with 201. */
async function lineageServer(...statuses: (number | 'cut')[]): Promise<{ url: string; received: Received[] }> {
  const received: Received[] = []
  server = createServer(async (request, response) => {
    const body = await json(request)
    received.push({ path: request.url ?? '', authorization: request.headers.authorization, body })
    const status = statuses.shift() ?? 201
    if (status === 'cut') return void request.socket.destroy()
    response.writeHead(status).end(status < 300 ? '' : 'no\nroom')
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received }
}

const events = ['a', 'b', 'c'].map((runId) => JSON.stringify({ run: { runId } }))
const quick = { backoff: { firstMs: 1, maxMs: 4 } }
const idsOf = (received: Received[]) => received.map(({ body }) => (body as { run: { runId: string } }).run.runId)

test('each event is a POST to the standard path, in order', async () => {
  const { url, received } = await lineageServer()
  const counts: number[] = []
  await pushEvents(`${url}/marquez/`, events, { ...quick, sent: (count) => counts.push(count) })
  expect(idsOf(received)).toEqual(['a', 'b', 'c'])
  expect(new Set(received.map(({ path }) => path))).toEqual(new Set(['/marquez/api/v1/lineage']))
  expect(counts).toEqual([1, 2, 3])
})

test('what passes is tried again: a busy server, one that fails, and one that hangs up', async () => {
  const { url, received } = await lineageServer(503, 201, 429, 'cut', 500, 201)
  await pushEvents(url, events, quick)
  expect(idsOf(received)).toEqual(['a', 'a', 'b', 'b', 'b', 'b', 'c'])
})

test('a refused event is not tried again; the message says which one, and what the server said', async () => {
  const { url, received } = await lineageServer(201, 422)
  await expect(pushEvents(url, events, quick)).rejects.toThrow(
    `${url}/api/v1/lineage did not take event 2 of 3: status 422 no\ufffdroom. It took the 1 before it; all may be sent again.`,
  )
  expect(received.length).toBe(2)
})

test('a server that goes on failing, and one that is not there, end it', async () => {
  const { url, received } = await lineageServer(...Array.from({ length: 10 }, () => 503))
  await expect(pushEvents(url, events, quick)).rejects.toThrow(
    'did not take event 1 of 3, asked 6 times: status 503 no\ufffdroom. It took none; all may be sent again.',
  )
  expect(received.length).toBe(6)
  await new Promise<void>((closed) => server.close(() => closed()))
  await expect(pushEvents(url, events, quick)).rejects.toThrow(
    /did not take event 1 of 3, asked 6 times: .*ECONNREFUSED/,
  )
})

test('a user and a password are sent, and stand in no message', async () => {
  const { url, received } = await lineageServer(201, 401)
  const secret = url.replace('http://', 'http://me:gehe%21m@')
  await expect(pushEvents(secret, events, quick)).rejects.toThrow(`${url}/api/v1/lineage did not take event 2`)
  expect(received[0]?.authorization).toBe(`Basic ${Buffer.from('me:gehe!m').toString('base64')}`)
})

test.each([
  ['http://marquez:5000', 'http://marquez:5000/api/v1/lineage'],
  ['https://lineage.example/team/', 'https://lineage.example/team/api/v1/lineage'],
  ['http://marquez:5000/api/v1/lineage', 'http://marquez:5000/api/v1/lineage'],
])('%s', (address, url) => expect(lineageUrl(address)).toBe(url))

test.each(['marquez:5000', 'ftp://marquez', ''])('%s is not an address', (address) =>
  expect(() => lineageUrl(address)).toThrow('is not an address of an OpenLineage server'),
)
