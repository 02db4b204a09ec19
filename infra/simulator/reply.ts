import type { Fault } from './faults.ts'

/** An answer decided but not sent. `sendBytes` under the body's length breaks the connection there; `huge` is streamed. */
export type Reply = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  readonly sendBytes?: number
  readonly waitMs?: { readonly part: 'header' | 'body'; readonly ms: number }
  readonly hugeBytes?: number
  readonly reset?: boolean
}

const JSON_TYPE = 'application/json; charset=utf-8'

export function okReply(body: Buffer, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status: 200, headers: { 'content-type': JSON_TYPE, ...headers }, body }
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

/**
 * What a fault makes of a request. Pure but for the two ways to get a good body.
 *
 * @param good the answer without the fault
 * @param dayBefore the body of the window a day earlier, for `wrong-day`
 */
export function faultReply(fault: Fault, good: () => Reply, dayBefore: () => Buffer): Reply {
  switch (fault.fault) {
    case '429':
      return tooManyReply()
    case '429-retry-after':
      return tooManyReply(fault.retryAfterS)
    case '500':
      return problemReply(500, 'An error occurred while processing your request.')
    case '503':
      return problemReply(503, 'Service Unavailable')
    case 'slow':
      return { ...good(), waitMs: { part: fault.part, ms: fault.ms } }
    case 'cut-off':
      return half(good(), 'cut')
    case 'cut-off-json':
      return half(good(), 'shortened')
    case 'html':
      return { status: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body: Buffer.from(MAINTENANCE) }
    case 'rejected':
      return okReply(Buffer.from('{"data":[],"rejected":true,"messages":["The request was rejected."]}'))
    case 'empty':
      return okReply(Buffer.from('{"data":[],"rejected":false,"messages":null}'))
    case 'wrong-day':
      return okReply(dayBefore())
    case 'reset':
      return { ...good(), reset: true }
    case 'garbage-json':
      return okReply(
        Buffer.concat([Buffer.from('{"data":[{"id":1,"dateTimeUtc":'), Buffer.from([0xff, 0xfe, 0x00, 0xc3, 0x7d])]),
      )
    case 'huge':
      return { ...okReply(Buffer.alloc(0)), hugeBytes: fault.bytes }
  }
}

const MAINTENANCE =
  '<!DOCTYPE html><html><head><title>Maintenance</title></head><body><h1>The site is under maintenance</h1></body></html>'

function half(good: Reply, how: 'cut' | 'shortened'): Reply {
  const bytes = Math.floor(good.body.byteLength / 2)
  return how === 'cut' ? { ...good, sendBytes: bytes } : { ...good, body: good.body.subarray(0, bytes) }
}
