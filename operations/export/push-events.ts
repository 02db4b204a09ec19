// Sends run events to a server that speaks OpenLineage over HTTP, such as Marquez.
import { setTimeout as sleep } from 'node:timers/promises'
import { printable } from '#platform/process/printable.ts'
import { type Backoff, backoffMs } from '#platform/process/retry.ts'
import { UserError } from '#platform/process/user-error.ts'

export interface PushOptions {
  /** Called after each event that the server took. */
  sent?: (count: number) => void
  backoff?: Backoff
}

const defaultBackoff: Backoff = { firstMs: 500, maxMs: 8_000 }
const maxAttempts = 6
const answerWithinMs = 30_000
const maxAnswerChars = 300

/**
 * Returns the address that takes events: the standard's `api/v1/lineage` below the address of a server, or the address
 * itself if it names that path already. @throws UserError if it is not an http or https address
 */
export function lineageUrl(address: string): string {
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new UserError(`${address} is not an address of an OpenLineage server: say one such as http://marquez:5000.`)
  }
  if (!url.pathname.endsWith('/api/v1/lineage')) url.pathname = `${url.pathname.replace(/\/+$/, '')}/api/v1/lineage`
  return url.href
}

/**
 * Sends events one after the other, each as one POST. An event that is sent twice replaces itself, because the id of its
 * run is the same. A server that does not answer, that is busy (408, 429) or that fails (5xx) is asked again, up to 6 times.
 * @param events JSON texts
 * @throws UserError that says how many were taken, if the server refuses an event or goes on failing
 */
export async function pushEvents(
  address: string,
  events: readonly string[],
  { sent = () => {}, backoff = defaultBackoff }: PushOptions = {},
): Promise<void> {
  const url = lineageUrl(address)
  for (const [index, event] of events.entries()) {
    for (let attempt = 1; ; attempt++) {
      const answer = await post(url, event)
      if (answer.state === 'taken') break
      if (answer.state === 'refused' || attempt === maxAttempts) {
        const again = answer.state === 'refused' ? '' : `, asked ${maxAttempts} times`
        const before = index === 0 ? 'It took none' : `It took the ${index} before it`
        throw new UserError(
          `${shownUrl(url)} did not take event ${index + 1} of ${events.length}${again}: ${answer.why}. ${before}; all may be sent again.`,
        )
      }
      await sleep(Math.max(backoffMs(backoff, attempt), Math.min(answer.retryAfterMs, backoff.maxMs)))
    }
    sent(index + 1)
  }
}

type Answer =
  | { state: 'taken' }
  | { state: 'refused'; why: string }
  | { state: 'away'; why: string; retryAfterMs: number }

async function post(url: string, event: string): Promise<Answer> {
  try {
    const { user, href } = withoutUser(url)
    const answer = await fetch(href, {
      method: 'POST',
      body: event,
      headers: { 'Content-Type': 'application/json', ...(user !== undefined && { Authorization: user }) },
      redirect: 'error',
      signal: AbortSignal.timeout(answerWithinMs),
    })
    const text = await answer.text()
    if (answer.ok) return { state: 'taken' }
    const { status } = answer
    const why = `status ${status}${text === '' ? '' : ` ${printable(text.slice(0, maxAnswerChars))}`}`
    if (status < 500 && status !== 408 && status !== 429) return { state: 'refused', why }
    return { state: 'away', why, retryAfterMs: 1_000 * (Number(answer.headers.get('retry-after')) || 0) }
  } catch (error) {
    const { message, cause } = error as Error
    return { state: 'away', why: cause instanceof Error ? cause.message : message, retryAfterMs: 0 }
  }
}

/** fetch refuses an address with a user and a password: they go into a header. */
function withoutUser(url: string): { href: string; user: string | undefined } {
  const bare = new URL(url)
  const { username, password } = bare
  if (username === '' && password === '') return { href: url, user: undefined }
  bare.username = ''
  bare.password = ''
  const pair = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')
  return { href: bare.href, user: `Basic ${pair}` }
}

/** A password is not for messages. */
const shownUrl = (url: string): string => withoutUser(url).href
