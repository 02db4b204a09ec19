// Webhooks by Standard Webhooks 1.0.0 (github.com/standard-webhooks/standard-webhooks).
import { createHmac } from 'node:crypto'
import { type Dispatcher, request } from 'undici'
import { connectionProblem } from '../process/connection-problem.ts'
import { firstBytes } from '../process/first-bytes.ts'
import { longestRetryAfterMs } from '../process/retry-after.ts'
import { UserError } from '../process/user-error.ts'
import { utcText } from '../process/utc-text.ts'
import { version } from '../process/version.ts'
import { type AddressGuard, ReservedAddressError } from './address-guard.ts'
import { type AlertMessage, checkedMessageId, type DeliveryResult, deliveryTimeoutMs, wordsOf } from './message.ts'

export interface WebhookEndpoint {
  url: string
  /** `whsec_` and at least 24 bytes in base64. One, or two while rotating; each signs. */
  secrets: readonly string[]
}

export interface WebhookOptions {
  guard: AddressGuard
  /** The time that is signed, ms UTC: receivers refuse an old one. Default: now. */
  sentAtMs?: number
  /** The time for everything, from the look-up of the name to the end of the answer. Default: 20 s. */
  timeoutMs?: number
  signal?: AbortSignal
}

/**
 * Posts a message to a webhook once, signed. Follows no redirect. A status of 2xx alone means delivered, and 410 that the
 * endpoint is gone. The URL is not in the reasons, because it may hold a secret; its host is.
 *
 * @throws RangeError if the body has 20 kB or more, or the message's id or a secret does not fit
 * @throws the reason of the signal if it aborts before the answer: nobody knows whether the message arrived
 */
export async function sendWebhook(
  { url, secrets }: WebhookEndpoint,
  message: AlertMessage,
  { guard, sentAtMs = Date.now(), timeoutMs = deliveryTimeoutMs, signal }: WebhookOptions,
): Promise<DeliveryResult> {
  const body = bodyOf(message)
  const headers = signedHeaders(message.id, Math.floor(sentAtMs / 1_000), body, secrets)
  const deadline = AbortSignal.timeout(timeoutMs)
  let host = 'the webhook'
  try {
    const address = guard.checkUrl(url)
    host = address.host
    const response = await request(address, {
      method: 'POST',
      dispatcher: guard.dispatcher,
      headers,
      body,
      signal: signal === undefined ? deadline : AbortSignal.any([deadline, signal]),
    })
    return await resultOf(response, host)
  } catch (error) {
    signal?.throwIfAborted()
    return { kind: 'failed', reason: wordsOf(deadline.aborted ? tooLate(host, timeoutMs) : reasonOf(error, host)) }
  }
}

const maxBodyBytes = 20_000

function bodyOf({ type, atMs, data }: AlertMessage): string {
  const body = JSON.stringify({ type, timestamp: utcText(atMs), data })
  const bytes = Buffer.byteLength(body)
  if (bytes < maxBodyBytes) return body
  throw new RangeError(`the message has ${bytes} bytes; webhooks take less than ${maxBodyBytes}`)
}

function signedHeaders(id: string, timestamp: number, body: string, secrets: readonly string[]) {
  if (secrets.length < 1 || secrets.length > 2)
    throw new RangeError(`a webhook is signed with one secret or two, not ${secrets.length}`)
  const signed = `${checkedMessageId(id)}.${timestamp}.${body}`
  const signatures = secrets.map((secret) => createHmac('sha256', keyOf(secret)).update(signed).digest('base64'))
  return {
    'content-type': 'application/json',
    'user-agent': `tidemark/${version}`,
    accept: '*/*',
    'accept-encoding': 'identity',
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signatures.map((signature) => `v1,${signature}`).join(' '),
  }
}

const minKeyBytes = 24

function keyOf(secret: string): Buffer {
  const [, base64 = ''] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret) ?? []
  const key = Buffer.from(base64, 'base64')
  if (key.length >= minKeyBytes) return key
  throw new RangeError(`a secret of a webhook is whsec_ and at least ${minKeyBytes} bytes in base64`)
}

const goneStatus = 410
/** The statuses of which Retry-After is obeyed. */
const busyStatuses: readonly number[] = [429, 502, 503, 504]
const maxAfterMs = 24 * 3_600_000

async function resultOf(response: Dispatcher.ResponseData, host: string): Promise<DeliveryResult> {
  const { statusCode: status, headers } = response
  const said = await wordsIn(response)
  if (status >= 200 && status < 300) return { kind: 'delivered', status }
  const words = said === '' ? '' : `: ${said}`
  if (status === goneStatus) return { kind: 'gone', reason: `${host} answered 410 (gone)${words}` }
  if (status >= 300 && status < 400) return { kind: 'failed', reason: redirectReason(host, status, headers.location) }
  const askedMs = busyStatuses.includes(status) ? longestRetryAfterMs(headers) : undefined
  const reason = `${host} answered ${status}${words}`
  if (askedMs === undefined) return { kind: 'failed', reason }
  return { kind: 'failed', reason, afterMs: Math.min(askedMs, maxAfterMs) }
}

function redirectReason(host: string, status: number, location: string | string[] | undefined): string {
  if (location === undefined) return `${host} answered ${status}, a redirect to nowhere`
  const target = wordsOf([location].flat().join(', '))
  return `${host} answered ${status}, a redirect to ${target}, which is not followed; change the endpoint's URL if it moved`
}

const maxAnswerBytes = 65_536

/** Returns what the answer says, as far as it arrives. An encoded answer says nothing: nobody asked for the encoding. */
async function wordsIn({ body, headers }: Dispatcher.ResponseData): Promise<string> {
  const chunks: Buffer[] = []
  // The status counts, whether or not the body arrives.
  await firstBytes(body, maxAnswerBytes, chunks).catch(() => {})
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') return ''
  return wordsOf(Buffer.concat(chunks).subarray(0, maxAnswerBytes).toString('utf8'))
}

const tooLate = (host: string, timeoutMs: number): string => `${host} did not answer within ${timeoutMs / 1_000} s`

function reasonOf(error: unknown, host: string): string {
  if (!(error instanceof Error)) return `${host}: ${String(error)}`
  if (error instanceof ReservedAddressError || error instanceof UserError) return error.message
  const code = 'code' in error && typeof error.code === 'string' ? ` (${error.code})` : ''
  return `${host}: ${connectionProblem(error) ?? `${error.message}${code}`}`
}
