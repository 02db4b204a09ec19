import type { IncomingHttpHeaders } from 'node:http'
import { createBrotliDecompress, createGunzip } from 'node:zlib'
import { Agent, type Dispatcher, request } from 'undici'
import { hostOf } from '#core/host.ts'
import { connectionProblem } from '#platform/process/connection-problem.ts'
import { firstBytes } from '#platform/process/first-bytes.ts'
import { longestRetryAfterMs } from '#platform/process/retry-after.ts'

export interface FetchRequest {
  url: string
  validators: { etag: string | null; lastModified: string | null }
  /** Headers with the credentials of the source. Their values are secrets. */
  headers: Readonly<Record<string, string>>
  meaningfulStatuses: readonly number[]
  /** Maximum size of the decoded body, bytes. A longer body is a failure. */
  maxBodyBytes: number
  signal: AbortSignal
}

export interface FullAnswer {
  kind: 'answer'
  status: number
  headers: Record<string, string>
  /** The body after content decoding (gzip, br). */
  body: Buffer
  retryAfterMs?: number
}

export interface NotModified {
  kind: 'not-modified'
  status: 304
}

export interface Failure {
  kind: 'failure'
  error: string
  /** HTTP status, or null if no response came. */
  status: number | null
  firstKilobyte: string | null
  /** The first 64 KiB of the decoded body, if it can be decoded and the status is neither expected nor a redirect. */
  body?: Buffer
  /** The response's Retry-After header, ms. */
  retryAfterMs?: number
  /** True: no connection to the host could be made. */
  unreachable?: true
}

export type FetchResult = FullAnswer | NotModified | Failure

export interface Fetcher {
  /** Sends one GET request. Does not follow redirects. Never throws. */
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
        wait = retryAfterOf(response)
        return { ...(await read(response, question)), ...wait }
      } catch (error) {
        const problem = status === null ? connectionProblem(error) : undefined
        if (problem === undefined)
          return { kind: 'failure', error: reason(error), status, firstKilobyte: null, ...wait }
        const message = `${hostOf(question.url)}: ${problem}`
        return { kind: 'failure', error: message, status, firstKilobyte: null, unreachable: true }
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
  // Without a listener, an error of an unread body would end the process.
  response.body.on('error', () => {})
  const conditional = question.validators.etag !== null || question.validators.lastModified !== null
  if (status === 304 && conditional) {
    await response.body.dump()
    return { kind: 'not-modified', status }
  }
  if (status !== 200 && !question.meaningfulStatuses.includes(status)) return readErrorResponse(response)
  const content = await decodedBytes(response, question.maxBodyBytes)
  if (content === undefined) {
    response.body.destroy()
    const error = `the answer is encoded as ${String(headers['content-encoding'])}, which nobody asked for`
    return { kind: 'failure', error, status, firstKilobyte: null }
  }
  const { bytes, whole } = content
  if (whole) return { kind: 'answer', status, headers: chosen(headers), body: bytes }
  const error = `the answer is longer than ${question.maxBodyBytes} bytes`
  return { kind: 'failure', error, status, firstKilobyte: firstKilobyteOf(bytes) }
}

/** Returns the Retry-After header, ms, of a redirect or an error response (RFC 9110 10.2.3, RFC 6585). */
function retryAfterOf({ statusCode: status, headers }: Dispatcher.ResponseData): { retryAfterMs?: number } {
  if (status < 300 || status === 304) return {}
  const retryAfterMs = longestRetryAfterMs(headers)
  return retryAfterMs === undefined ? {} : { retryAfterMs }
}

const errorBodyBytes = 65_536
const maxLocationChars = 300

async function readErrorResponse(response: Dispatcher.ResponseData): Promise<Failure> {
  const { statusCode: status, headers } = response
  const begun: Buffer[] = []
  const content = await decodedBytes(response, errorBodyBytes, begun).catch(() => null)
  if (content === undefined) await firstBytes(response.body, errorBodyBytes, begun).catch(() => {})
  const body = Buffer.concat(begun).subarray(0, errorBodyBytes)
  const failure = { kind: 'failure' as const, status, firstKilobyte: firstKilobyteOf(body) }
  if (headers.location !== undefined) {
    const location = String(headers.location).slice(0, maxLocationChars)
    return { ...failure, error: `HTTP ${status} to ${location}, which is not followed` }
  }
  return { ...failure, error: `HTTP ${status}`, ...(content !== undefined && { body }) }
}

const decoders = { gzip: createGunzip, 'x-gzip': createGunzip, br: createBrotliDecompress }
/** Bytes by which encoded content may be longer than decoded content. */
const encodingSurplusBytes = 65_536

/**
 * Reads a body and decodes it, up to `limit` decoded bytes. Returns undefined if the content encoding is unknown. Rejects
 * if the body breaks off or holds bytes that the decoder does not read; `chunks` then holds the bytes decoded so far.
 */
async function decodedBytes({ body, headers }: Dispatcher.ResponseData, limit: number, chunks: Buffer[] = []) {
  const encoding = only(headers['content-encoding'])?.trim().toLowerCase() ?? 'identity'
  if (encoding === 'identity' || encoding === '') return firstBytes(body, limit, chunks)
  if (!Object.hasOwn(decoders, encoding)) return undefined
  const encoded: Buffer[] = []
  const arrived = firstBytes(body, limit + encodingSurplusBytes, encoded)
  await arrived.catch(() => {})
  const bytes = Buffer.concat(encoded)
  const decoder = decoders[encoding as keyof typeof decoders]()
  // In one piece: the decoder takes a member of gzip that ends with a piece for the end of the body.
  decoder.end(bytes)
  const content = await firstBytes(decoder, limit, chunks)
  const { whole } = await arrived
  const unread = bytes.length - decoder.bytesWritten
  if (content.whole && unread > 0)
    throw new Error(`the last ${unread} of ${bytes.length} bytes of the answer are not ${encoding}`)
  return { bytes: content.bytes, whole: whole && content.whole }
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

export const firstKilobyteOf = (bytes: Buffer): string | null =>
  bytes.length === 0 ? null : bytes.subarray(0, 1_024).toString('utf8')

const plain: Readonly<Record<string, string>> = {
  UND_ERR_HEADERS_TIMEOUT: `no answer began within ${headersTimeoutMs / 1_000} s (UND_ERR_HEADERS_TIMEOUT)`,
  UND_ERR_BODY_TIMEOUT: `the answer stopped for ${bodyTimeoutMs / 1_000} s (UND_ERR_BODY_TIMEOUT)`,
}

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
