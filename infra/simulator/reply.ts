import type { Fault } from './faults.ts'
import type { Question, Voice } from './hosts.ts'

/**
 * An answer decided but not sent. `sendBytes` under the body's length breaks the connection there. `parts` are streamed
 * instead of the body.
 */
export type Reply = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  readonly sendBytes?: number
  readonly waitMs?: { readonly part: 'header' | 'body'; readonly ms: number }
  readonly parts?: () => Iterable<string>
  readonly reset?: boolean
}

const CHUNK_BYTES = 65_536
const JSON_TYPE = 'application/json; charset=utf-8'

export function okReply(body: Buffer, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status: 200, headers: { 'content-type': JSON_TYPE, ...headers }, body }
}

/** A value as JSON on one line. */
export function jsonReply(value: unknown, status = 200, retryAfterS?: number): Reply {
  const { headers, body } = okReply(Buffer.from(JSON.stringify(value)))
  return {
    status,
    headers: { ...headers, ...(retryAfterS !== undefined && { 'retry-after': `${retryAfterS}` }) },
    body,
  }
}

/** An error as ASP.NET tells it: `application/problem+json` with type, title, status, detail and `errors`. */
export function problemReply(
  status: number,
  title: string,
  more: {
    readonly detail?: string
    readonly errors?: unknown
    readonly headers?: Readonly<Record<string, string>>
  } = {},
): Reply {
  const { headers, ...fields } = more
  const problem = { type: `https://httpstatuses.io/${status}`, title, status, ...fields }
  return {
    status,
    headers: { 'content-type': 'application/problem+json; charset=utf-8', ...headers },
    body: Buffer.from(JSON.stringify(problem)),
  }
}

/** JAO's 429. Retry-After, in whole seconds, comes only sometimes. */
export function tooManyReply(retryAfterS?: number): Reply {
  const headers = retryAfterS === undefined ? {} : { 'retry-after': String(retryAfterS) }
  return problemReply(429, 'Too Many Requests', { headers })
}

/** What a fault makes of a request to a host. */
export function faultReply(fault: Fault, { good, dayBefore }: Question, voice: Voice): Reply {
  switch (fault.fault) {
    case '429':
      return voice.tooMany()
    case '429-retry-after':
      return voice.tooMany(fault.retryAfterS)
    case '500':
      return voice.failed(500)
    case '503':
      return voice.failed(503)
    case 'slow':
      return { ...good(), waitMs: { part: fault.part, ms: fault.ms } }
    case 'cut-off':
      return half(good(), 'cut')
    case 'cut-off-json':
      return half(good(), 'shortened')
    case 'html':
      return { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body: Buffer.from(MAINTENANCE) }
    case 'rejected':
      return voice.rejected
    case 'empty':
      return voice.empty
    case 'wrong-day':
      return dayBefore()
    case 'reset':
      return { ...good(), reset: true }
    case 'garbage-json':
      return okReply(
        Buffer.concat([Buffer.from('{"data":[{"id":1,"dateTimeUtc":'), Buffer.from([0xff, 0xfe, 0x00, 0xc3, 0x7d])]),
      )
    case 'huge':
      return { ...okReply(Buffer.alloc(0)), parts: () => blanksWithin(voice.empty.body.toString(), fault.bytes) }
  }
}

const MAINTENANCE =
  '<!DOCTYPE html><html><head><title>Maintenance</title></head><body><h1>The site is under maintenance</h1></body></html>'

/** Of a streamed answer the first part is sent: nobody knows how long it is. */
function half(good: Reply, how: 'cut' | 'shortened'): Reply {
  const { parts, ...rest } = good
  if (parts !== undefined) {
    const [first = ''] = parts()
    const body = Buffer.from(first)
    return how === 'cut' ? { ...rest, body, sendBytes: body.byteLength - 1 } : { ...rest, body }
  }
  const bytes = Math.floor(good.body.byteLength / 2)
  return how === 'cut' ? { ...good, sendBytes: bytes } : { ...good, body: good.body.subarray(0, bytes) }
}

/** A correct answer blown up to a size with blanks behind its first bracket. */
function* blanksWithin(text: string, bytes: number): Generator<string> {
  const head = text.search(text.includes('[') ? /\[/ : /\{/) + 1
  yield text.slice(0, head)
  for (let blanks = bytes - text.length; blanks > 0; blanks -= CHUNK_BYTES)
    yield ' '.repeat(Math.min(CHUNK_BYTES, blanks))
  yield text.slice(head)
}
