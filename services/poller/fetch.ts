import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import { createBrotliDecompress, createGunzip } from 'node:zlib'
import { Agent, type Dispatcher, request } from 'undici'
import { hostOf } from '#core/host.ts'
import { connectionProblem } from '#platform/process/connection-problem.ts'
import { retryAfterMs } from './retry-after.ts'

/** What to ask, and what of the answer is believed. */
export interface FetchRequest {
  url: string
  validators: { etag: string | null; lastModified: string | null }
  /** Secret headers. */
  headers: Readonly<Record<string, string>>
  meaningfulStatuses: readonly number[]
  /** Of the content after decoding, bytes. */
  maxBodyBytes: number
  /** Ends the fetch at once. */
  signal: AbortSignal
}

/** All bytes of an answer whose status is 200 or a meaningful other one. */
export interface FullAnswer {
  kind: 'answer'
  status: number
  headers: Record<string, string>
  /** The content, exactly as it came, after content decoding (gzip, br). */
  body: Buffer
  /** What upstream asks us to wait, ms: a meaningful status may be a refusal. */
  retryAfterMs?: number
}

export interface NotModified {
  kind: 'not-modified'
  status: 304
}

export interface Failure {
  kind: 'failure'
  /** One sentence for people. */
  error: string
  /** Null when no answer came. */
  status: number | null
  /** The first kilobyte of the answer, where there is one. */
  firstKilobyte: string | null
  /** The beginning of an answer whose status means nothing to the source: 64 KiB, decoded, for upstream's words. */
  body?: Buffer
  /** What upstream asks us to wait, ms. */
  retryAfterMs?: number
  /** No connection to the host could be made: it is the same for every request to it. */
  unreachable?: true
}

export type FetchResult = FullAnswer | NotModified | Failure

export interface Fetcher {
  /** Asks once. Never throws: whatever happens is an answer, not modified, or a failure. No redirect is followed. */
  fetch: (question: FetchRequest) => Promise<FetchResult>
  close: () => Promise<void>
}

const connectTimeoutMs = 10_000
const headersTimeoutMs = 30_000
const bodyTimeoutMs = 30_000
const deadlineMs = 90_000
const keptHeaders = [
  'age',
  'cache-control',
  'content-encoding',
  'content-language',
  'content-length',
  'content-type',
  'date',
  'etag',
  'expires',
  'last-modified',
  'retry-after',
  'server',
  'vary',
  'via',
]

/** Opens as many connections as there are requests at a time. `userAgent` says who asks and how to reach us. */
export function openFetcher(userAgent: string): Fetcher {
  const dispatcher = new Agent({
    connect: { timeout: connectTimeoutMs },
    headersTimeout: headersTimeoutMs,
    bodyTimeout: bodyTimeoutMs,
    pipelining: 1,
  })
  return {
    fetch: async (question) => {
      let status: number | null = null
      let wait: { retryAfterMs?: number } = {}
      try {
        const response = await send(dispatcher, userAgent, question)
        status = response.statusCode
        wait = waitAsked(response)
        return { ...(await read(response, question)), ...wait }
      } catch (error) {
        const problem = status === null ? connectionProblem(error) : undefined
        if (problem === undefined)
          return { kind: 'failure', error: reason(error), status, firstKilobyte: null, ...wait }
        const told = `${hostOf(question.url)}: ${problem}`
        return { kind: 'failure', error: told, status, firstKilobyte: null, unreachable: true }
      }
    },
    close: () => dispatcher.destroy(),
  }
}

function send(dispatcher: Agent, userAgent: string, { url, validators, headers, signal }: FetchRequest) {
  return request(url, {
    method: 'GET',
    dispatcher,
    signal: AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]),
    headers: {
      ...headers,
      accept: 'application/json, */*;q=0.5',
      'accept-encoding': 'gzip, br',
      'user-agent': userAgent,
      ...(validators.etag !== null && { 'if-none-match': validators.etag }),
      ...(validators.lastModified !== null && { 'if-modified-since': validators.lastModified }),
    },
  })
}

async function read(response: Dispatcher.ResponseData, question: FetchRequest): Promise<FetchResult> {
  const { statusCode: status, headers } = response
  // A body that is left unread ends with an error, and an error that nobody listens to ends the process.
  response.body.on('error', () => {})
  const conditional = question.validators.etag !== null || question.validators.lastModified !== null
  if (status === 304 && conditional) {
    await response.body.dump()
    return { kind: 'not-modified', status }
  }
  if (status !== 200 && !question.meaningfulStatuses.includes(status)) return unwelcome(response)
  const content = decoded(response)
  if (content === undefined) {
    response.body.destroy()
    const error = `the answer is encoded as ${String(headers['content-encoding'])}, which nobody asked for`
    return { kind: 'failure', error, status, firstKilobyte: null }
  }
  const { bytes, whole } = await firstBytes(content, question.maxBodyBytes)
  if (whole) return { kind: 'answer', status, headers: chosen(headers), body: bytes }
  const error = `the answer is longer than ${question.maxBodyBytes} bytes`
  return { kind: 'failure', error, status, firstKilobyte: firstKilobyteOf(bytes) }
}

/**
 * How long upstream asks us to wait. A refusal may ask (RFC 9110, 10.2.3 names 503, RFC 6585 names 429), and so may a
 * redirect, which is a failed poll here. An answer that is good does not refuse the next request, and neither does a 304.
 */
function waitAsked({ statusCode: status, headers }: Dispatcher.ResponseData): { retryAfterMs?: number } {
  if (status < 300 || status === 304) return {}
  const asked = [headers['retry-after']].flat().map((header) => retryAfterMs(header, answeredAtMs(headers)))
  const waits = asked.filter((ms) => ms !== undefined)
  return waits.length === 0 ? {} : { retryAfterMs: Math.max(...waits) }
}

/** Of an answer that is an error, bytes: some pages are long before they say what is wrong. */
const errorBodyBytes = 65_536
const maxLocationChars = 300

/** A status that means nothing to the source. Its beginning is kept for people; a body that breaks off is no matter. */
async function unwelcome(response: Dispatcher.ResponseData): Promise<Failure> {
  const { statusCode: status, headers } = response
  const content = decoded(response)
  const begun: Buffer[] = []
  await firstBytes(content ?? response.body, errorBodyBytes, begun).catch(() => {})
  const body = Buffer.concat(begun).subarray(0, errorBodyBytes)
  const failure = { kind: 'failure' as const, status, firstKilobyte: firstKilobyteOf(body) }
  if (headers.location !== undefined) {
    const location = String(headers.location).slice(0, maxLocationChars)
    return { ...failure, error: `HTTP ${status} to ${location}, which is not followed` }
  }
  // What cannot be decoded says nothing to anybody.
  return { ...failure, error: `HTTP ${status}`, ...(content !== undefined && { body }) }
}

/** The body's content as a stream; undefined for an encoding that we do not read. */
function decoded({ body, headers }: Dispatcher.ResponseData): Readable | undefined {
  const encoding = only(headers['content-encoding'])?.trim().toLowerCase() ?? 'identity'
  if (encoding === 'identity' || encoding === '') return body
  const decoder = encoding === 'gzip' || encoding === 'x-gzip' ? createGunzip() : undefined
  const inflate = decoder ?? (encoding === 'br' ? createBrotliDecompress() : undefined)
  if (inflate === undefined) return undefined
  inflate.on('error', () => {})
  body.on('error', (error) => inflate.destroy(error))
  inflate.on('close', () => body.destroy())
  return body.pipe(inflate)
}

/** Reads up to `limit` bytes; the rest is not read. Rejects when the content breaks off: `chunks` hold what came. */
async function firstBytes(
  content: Readable,
  limit: number,
  chunks: Buffer[] = [],
): Promise<{ bytes: Buffer; whole: boolean }> {
  let length = 0
  for await (const chunk of content as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    length += chunk.length
    if (length > limit) return { bytes: Buffer.concat(chunks).subarray(0, limit), whole: false }
  }
  return { bytes: Buffer.concat(chunks, length), whole: true }
}

function chosen(headers: IncomingHttpHeaders): Record<string, string> {
  const kept: Record<string, string> = {}
  for (const name of keptHeaders) {
    const value = only(headers[name])
    if (value !== undefined) kept[name] = value
  }
  return kept
}

const only = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value.join(', ') : value

function answeredAtMs(headers: IncomingHttpHeaders): number {
  const dateMs = Date.parse(only(headers.date) ?? '')
  return Number.isNaN(dateMs) ? Date.now() : dateMs
}

/** What is shown of an answer that is not kept; null where there is none. */
export const firstKilobyteOf = (bytes: Buffer): string | null =>
  bytes.length === 0 ? null : bytes.subarray(0, 1_024).toString('utf8')

/** What undici's own words leave unclear. */
const plain: Readonly<Record<string, string>> = {
  UND_ERR_HEADERS_TIMEOUT: `no answer began within ${headersTimeoutMs / 1_000} s (UND_ERR_HEADERS_TIMEOUT)`,
  UND_ERR_BODY_TIMEOUT: `the answer stopped for ${bodyTimeoutMs / 1_000} s (UND_ERR_BODY_TIMEOUT)`,
}

/** undici and node:zlib say what happened in `code`, `message` and `cause`. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `the answer was not complete within ${deadlineMs / 1_000} s`
  if ('code' in error && Object.hasOwn(plain, String(error.code))) return plain[String(error.code)] ?? error.message
  const named = 'code' in error && typeof error.code === 'string' && !error.message.includes(error.code)
  const code = named ? ` (${error.code})` : ''
  const causes = error instanceof AggregateError ? error.errors : [error.cause]
  const inner = causes.find((cause) => cause instanceof Error)
  return `${error.message || error.name}${code}${inner === undefined ? '' : `: ${reason(inner)}`}`
}
