import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServer as createTcpServer } from 'node:net'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { afterAll, afterEach, expect, test } from 'vitest'
import { type FetchRequest, type FetchResult, openFetcher } from './fetch.ts'

const fetcher = openFetcher('tidemark/test (+https://example.org)')
const running: Server[] = []
afterAll(() => fetcher.close())
afterEach(() => {
  for (const server of running.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  running.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/data`
}

/** Sends these bytes and nothing else, then closes the connection. */
async function serveBytes(bytes: string): Promise<{ url: string; stop: () => void }> {
  const server = createTcpServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => socket.end(bytes))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, stop: () => server.close() }
}

const ask = (url: string, more: Partial<FetchRequest> = {}): Promise<FetchResult> =>
  fetcher.fetch({
    url,
    validators: { etag: null, lastModified: null },
    meaningfulStatuses: [],
    headers: {},
    maxBodyBytes: 1_000_000,
    signal: new AbortController().signal,
    ...more,
  })
const bodyOf = (fetched: FetchResult) => (fetched.kind === 'answer' ? fetched.body.toString() : fetched)

test('an answer is its exact bytes and the headers that matter', async () => {
  let asked: IncomingMessage | undefined
  const url = await serve((request, response) => {
    asked = request
    response.writeHead(200, { 'content-type': 'application/json', etag: '"a"', 'set-cookie': 'secret=1' })
    response.end('{"data":[]}\n')
  })
  const fetched = await ask(url)
  expect(bodyOf(fetched)).toBe('{"data":[]}\n')
  expect(fetched).toMatchObject({ status: 200, headers: { etag: '"a"', 'content-type': 'application/json' } })
  expect(fetched).not.toHaveProperty('headers.set-cookie')
  expect(asked?.headers['user-agent']).toBe('tidemark/test (+https://example.org)')
  expect(asked?.headers).not.toHaveProperty('if-none-match')
})

test('validators are sent; a 304 without them is a failure', async () => {
  let asked: IncomingMessage | undefined
  const url = await serve((request, response) => {
    asked = request
    response.writeHead(304).end()
  })
  expect(await ask(url, { validators: { etag: '"a"', lastModified: 'Mon, 20 Apr 2026 08:00:00 GMT' } })).toEqual({
    kind: 'not-modified',
    status: 304,
  })
  expect(asked?.headers).toMatchObject({ 'if-none-match': '"a"', 'if-modified-since': 'Mon, 20 Apr 2026 08:00:00 GMT' })
  expect(await ask(url)).toMatchObject({ kind: 'failure', status: 304 })
})

test('gzip and br are decoded; an encoding nobody asked for is a failure', async () => {
  const text = 'capacity '.repeat(1_000)
  const encodings: Record<string, Buffer> = {
    gzip: gzipSync(text),
    br: brotliCompressSync(text),
    zstd: Buffer.from('x'),
  }
  for (const [encoding, body] of Object.entries(encodings)) {
    const url = await serve((_, response) => response.writeHead(200, { 'content-encoding': encoding }).end(body))
    const fetched = await ask(url)
    if (encoding === 'zstd') expect(fetched).toMatchObject({ kind: 'failure', status: 200 })
    else expect(bodyOf(fetched)).toBe(text)
  }
})

test('all members of a gzip body are decoded; a hole between them, or bytes after br, is a failure', async () => {
  const members = ['{"one":1,', '"two":2}'].map((text) => gzipSync(text))
  const [first = Buffer.alloc(0), second = Buffer.alloc(0)] = members
  // The first member ends with a chunk.
  const whole = await serve((_, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).write(first, () => setImmediate(() => response.end(second)))
  })
  expect(bodyOf(await ask(whole))).toBe('{"one":1,"two":2}')
  const bodies = [
    ['gzip', Buffer.concat([first, Buffer.alloc(5), second])],
    ['br', Buffer.concat([brotliCompressSync('{}'), Buffer.alloc(5)])],
  ] as const
  for (const [encoding, body] of bodies) {
    const url = await serve((_, response) => response.writeHead(200, { 'content-encoding': encoding }).end(body))
    const unread = encoding === 'gzip' ? 5 + second.length : 5
    const error = `the last ${unread} of ${body.length} bytes of the answer are not ${encoding}`
    expect(await ask(url)).toMatchObject({ kind: 'failure', status: 200, error })
  }
})

test('a cut-off answer is a failure: by length, by chunk, by compression', async () => {
  const cut = [
    'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"data":[',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{"dat\r\n',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n50\r\n{"dat',
    'HTTP/1.1 200 OK\r\ncontent-le',
    '',
    'SSH-2.0-OpenSSH_9.6\r\n',
  ]
  for (const bytes of cut) {
    const { url, stop } = await serveBytes(bytes)
    expect(await ask(url), bytes).toMatchObject({ kind: 'failure' })
    stop()
  }
  const half = gzipSync('x'.repeat(100_000)).subarray(0, 60)
  const url = await serve((_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(half))
  expect(await ask(url)).toMatchObject({ kind: 'failure', status: 200 })
})

test('an answer over the size limit is a failure and is not read to its end, compressed or not', async () => {
  let stopped = false
  const endless = await serve((_, response) => {
    response.writeHead(200)
    response.on('close', () => {
      stopped = true
    })
    const more = () => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536, 'x')));
    }
    response.on('drain', more)
    more()
  })
  expect(await ask(endless)).toMatchObject({
    kind: 'failure',
    error: 'the answer is longer than 1000000 bytes',
    firstKilobyte: 'x'.repeat(1_024),
  })
  const bomb = gzipSync(Buffer.alloc(20_000_000))
  const packed = await serve((_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb))
  expect(await ask(packed)).toMatchObject({ kind: 'failure', error: 'the answer is longer than 1000000 bytes' })
  const exact = await serve((_, response) => response.end('x'.repeat(1_000_000)))
  expect(await ask(exact)).toMatchObject({ kind: 'answer' })
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(stopped).toBe(true)
})

test('another status is a failure with the beginning of what upstream said', async () => {
  const url = await serve((_, response) => response.writeHead(503, { 'retry-after': '7' }).end('x'.repeat(5_000)))
  expect(await ask(url)).toEqual({
    kind: 'failure',
    error: 'HTTP 503',
    status: 503,
    firstKilobyte: 'x'.repeat(1_024),
    body: Buffer.from('x'.repeat(5_000)),
    retryAfterMs: 7_000,
  })
  const long = await serve((_, response) => response.writeHead(500).end('x'.repeat(1_000_000)))
  expect(await ask(long)).toMatchObject({ body: Buffer.from('x'.repeat(65_536)) })
})

test('the bytes of an error response that breaks off are kept', async () => {
  const { url, stop } = await serveBytes(
    'HTTP/1.1 503 Busy\r\ncontent-length: 100\r\nretry-after: 9\r\n\r\n{"msg":"later"}',
  )
  expect(await ask(url)).toMatchObject({ status: 503, body: Buffer.from('{"msg":"later"}'), retryAfterMs: 9_000 })
  stop()
})

test('Retry-After counts with an error status or a redirect, but not with 200 or 304', async () => {
  const retryAfterOf = async (status: number, more: Partial<FetchRequest> = {}) => {
    const url = await serve((_, response) => response.writeHead(status, { 'retry-after': '180' }).end())
    const fetched = await ask(url, more)
    return [fetched.kind, fetched.kind === 'not-modified' ? undefined : fetched.retryAfterMs]
  }
  for (const status of [301, 400, 403, 413, 418, 429, 500, 503]) {
    expect(await retryAfterOf(status)).toEqual(['failure', 180_000])
  }
  expect(await retryAfterOf(400, { meaningfulStatuses: [400] })).toEqual(['answer', 180_000])
  expect(await retryAfterOf(200)).toEqual(['answer', undefined])
  expect(await retryAfterOf(202)).toEqual(['failure', undefined])
  expect(await retryAfterOf(304)).toEqual(['failure', undefined])
  expect(await retryAfterOf(304, { validators: { etag: '"a"', lastModified: null } })).toEqual([
    'not-modified',
    undefined,
  ])
})

test('a status that the source calls meaningful is an answer', async () => {
  const url = await serve((_, response) => response.writeHead(400).end('{"message":"No Data found"}'))
  expect(await ask(url, { meaningfulStatuses: [400] })).toMatchObject({ kind: 'answer', status: 400 })
  expect(await ask(url)).toMatchObject({ kind: 'failure', status: 400 })
})

test('a redirect is not followed', async () => {
  let asked = 0
  const url = await serve((_, response) => {
    asked++
    response.writeHead(302, { location: 'http://127.0.0.1:1/elsewhere' }).end()
  })
  expect(await ask(url)).toMatchObject({
    kind: 'failure',
    error: 'HTTP 302 to http://127.0.0.1:1/elsewhere, which is not followed',
  })
  expect(asked).toBe(1)
  const far = await serve((_, response) => response.writeHead(302, { location: `/${'x'.repeat(9_000)}` }).end('moved'))
  const fetched = await ask(far)
  expect(fetched.kind === 'failure' && fetched.error.length).toBeLessThan(400)
})

test('a refused connection and an aborted fetch are failures without a status', async () => {
  const unreachable = { kind: 'failure', status: null, firstKilobyte: null, unreachable: true }
  expect(await ask('http://127.0.0.1:1/')).toEqual({
    ...unreachable,
    error: '127.0.0.1:1: the connection is refused (ECONNREFUSED); does anything listen at that port?',
  })
  expect(await ask('https://name.invalid/')).toMatchObject({
    ...unreachable,
    error: expect.stringMatching(/^name\.invalid: the name .+ \((ENOTFOUND|EAI_AGAIN)\); is this machine online\?$/),
  })
  const silent = await serve(() => {})
  const ending = new AbortController()
  const fetched = ask(silent, { signal: ending.signal })
  setTimeout(() => ending.abort(), 50)
  const ended = await fetched
  expect(ended).toMatchObject({ kind: 'failure', status: null })
  expect(ended).not.toHaveProperty('unreachable')
})

test('a server that answers and dies in the middle of the body is a failure with the status', async () => {
  const url = await serve((_, response) => {
    response.writeHead(200, { 'content-length': '1000' })
    response.write('{"data":[')
    setTimeout(() => response.destroy(), 20)
  })
  expect(await ask(url)).toMatchObject({ kind: 'failure', status: 200 })
})
