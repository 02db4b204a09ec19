import { maxHostPauseMs } from '#core/memory-records.ts'
import { hostPauseMs } from './backoff.ts'
import type { FetchResult } from './fetch.ts'

/** The pause that a host demanded. All times are ms of monotonic time. */
export interface HostThrottle {
  pausedForMs: (monotonicMs: number) => number
  /** Returns the cause of the pause, such as `429, Retry-After 7200`. Undefined if the host is not paused. */
  reason: (monotonicMs: number) => string | undefined
  /** Returns how many times in a row the host has demanded a pause. */
  inARow: () => number
  /** Takes a response. Returns true if the response demands a pause that is not over yet. */
  onResponse: (fetched: FetchResult, sentMonotonicMs: number, endMonotonicMs: number) => boolean
  lift: (monotonicMs: number) => void
}

export interface EarlierPause {
  untilMs: number
  /** When the pause was set. Only responses to requests that were sent later count as further refusals. */
  setAtMs: number
  reason: string
  inARow: number
}

const tooManyStatus = 429
const banStatus = 418

/**
 * Pauses a host after a 429 (too many requests), a 418 (banned), or a redirect or error with a Retry-After header.
 * Calls `paused` with the length of each pause, ms, and with 0 when a pause is lifted.
 */
export function createHostThrottle(
  host: string,
  earlier: EarlierPause | undefined,
  paused: (pauseMs: number) => void,
): HostThrottle {
  let { inARow, setAtMs, untilMs, reason } = earlier ?? {
    ...{ inARow: 0, setAtMs: Number.NEGATIVE_INFINITY, untilMs: Number.NEGATIVE_INFINITY, reason: '' },
  }
  const pausedForMs = (monotonicMs: number): number => Math.max(0, untilMs - monotonicMs)
  if (earlier !== undefined) paused(pausedForMs(setAtMs))
  return {
    pausedForMs,
    inARow: () => inARow,
    reason: (monotonicMs) => (pausedForMs(monotonicMs) > 0 ? reason : undefined),
    onResponse(fetched, sentMonotonicMs, endMonotonicMs) {
      const sentSince = sentMonotonicMs > setAtMs
      const status = asksForPause(fetched)
      if (status === undefined) {
        if (fetched.kind !== 'failure' && sentSince) inARow = 0
        return false
      }
      // Responses to requests that were in flight at the first refusal are not counted as further refusals.
      if (sentSince) inARow += 1
      setAtMs = endMonotonicMs
      const retryAfterMs = fetched.kind === 'not-modified' ? undefined : fetched.retryAfterMs
      const pauseMs = hostPauseMs(host, retryAfterMs, inARow, status === banStatus)
      if (endMonotonicMs + pauseMs >= untilMs) {
        untilMs = endMonotonicMs + pauseMs
        reason = reasonOf(status, retryAfterMs)
      }
      paused(pauseMs)
      return pausedForMs(endMonotonicMs) > 0
    },
    lift(monotonicMs) {
      untilMs = monotonicMs
      inARow = 0
      paused(0)
    },
  }
}

function asksForPause(fetched: FetchResult): number | undefined {
  if (fetched.kind === 'not-modified' || fetched.status === null) return undefined
  const { status, retryAfterMs } = fetched
  return retryAfterMs !== undefined || status === tooManyStatus || status === banStatus ? status : undefined
}

function reasonOf(status: number, retryAfterMs: number | undefined): string {
  if (retryAfterMs === undefined) return `${status} without Retry-After`
  const obeyed = retryAfterMs > maxHostPauseMs ? ', of which 24 hours are obeyed' : ''
  return `${status}, Retry-After ${Math.ceil(retryAfterMs / 1_000)}${obeyed}`
}
