import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePorts } from '#local/free-ports.ts'
import { sources } from '#sources/index.ts'
import type { Source } from '#sources/source.ts'
import { chooseSource, unreachableHosts } from './choose-source.ts'

let server: Server
let status = 200
beforeAll(async () => {
  server = createServer((_request, response) => {
    if (status > 0) response.writeHead(status).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const at = (address: string): Source[] =>
  sources.slice(0, 1).map((source) => ({
    ...source,
    upstream: { ...source.upstream!, baseUrl: { default: address, setting: 'JAO_BASE_URL' } },
  }))
const answering = (): Source[] => at(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)

test.each([200, 302, 404, 429])('an upstream that answers %i is live', async (answered) => {
  status = answered
  expect(await chooseSource(answering(), {})).toEqual({ source: 'live' })
})

test('an upstream that answers 503, nothing, or not at all gives the simulator, and says why', async () => {
  status = 503
  expect(await chooseSource(answering(), {})).toMatchObject({
    source: 'simulated',
    because: expect.stringMatching(/^127\.0\.0\.1:\d+ does not answer: HTTP 503 is all that comes$/),
  })
  status = 0
  expect(await chooseSource(answering(), {}, 100)).toMatchObject({
    source: 'simulated',
    because: expect.stringContaining('does not answer: nothing came within 0.1 s'),
  })
  const [port = 0] = await freePorts(1)
  expect(await chooseSource(at(`http://127.0.0.1:${port}`), {})).toEqual({
    source: 'simulated',
    because: `127.0.0.1:${port} does not answer: the connection is refused (ECONNREFUSED); does anything listen at that port?`,
  })
})

test('an address that is set counts as live, whether it answers or not', async () => {
  const [port = 0] = await freePorts(1)
  expect(await chooseSource(at(`http://127.0.0.1:${port}`), { JAO_BASE_URL: 'http://127.0.0.1:1' })).toEqual({
    source: 'live',
  })
})

test('hosts that do not answer share a line where the reason is the same; what is not polled is not asked', async () => {
  const [one = 0, other = 0, closed = 0] = await freePorts(3)
  status = 404
  const named = (name: string, port: number, credential?: object) =>
    ({
      ...{ name, datasets: [{ name: `${name}.d`, asking: {} }] },
      upstream: { baseUrl: { default: `http://127.0.0.1:${port}`, setting: `${name}_URL` }, credential },
    }) as unknown as Source
  const { port } = server.address() as AddressInfo
  const all = [
    named('a', one),
    named('b', 1),
    named('c', port),
    named('k', closed, { setting: 'K' }),
    named('o', closed),
  ]
  const environment = { b_URL: `http://127.0.0.1:${other}` }
  expect(await unreachableHosts(all, environment, new Set(['o.d']))).toEqual([
    `127.0.0.1:${one}, 127.0.0.1:${other} do not answer: the connection is refused (ECONNREFUSED); does anything listen at that port?`,
  ])
})
