import type { ClockReading } from '#core/clock.ts'
import { connectionRetryMs } from './backoff.ts'
import type { FetchResult } from './fetch.ts'

export interface Unreachable {
  /** When the first of the failed connections in a row was noticed, ms UTC by the poller's clock. */
  sinceMs: number
  reason: string
}

export interface Reachability {
  /** Takes the result of a request that was sent at `sentMonotonicMs` (monotonic ms). */
  onResponse: (fetched: FetchResult, sentMonotonicMs: number, end: ClockReading) => void
  waitMs: (monotonicMs: number) => number
  now: () => Unreachable | undefined
  lift: () => void
}

/**
 * Retries an unreachable host as a whole, and not per window, with a backoff of up to a minute. Any response ends the
 * backoff.
 */
export function createReachability(host: string): Reachability {
  let failed: (Unreachable & { inARow: number; atMonotonicMs: number; untilMonotonicMs: number }) | undefined
  return {
    onResponse(fetched, sentMonotonicMs, { nowMs, monotonicMs }) {
      if (fetched.kind !== 'failure' || fetched.status !== null) failed = undefined
      if (fetched.kind !== 'failure' || !fetched.unreachable) return
      const reason = fetched.error
      // A request that was in flight at the last failure does not count as a further attempt.
      if (failed !== undefined && sentMonotonicMs < failed.atMonotonicMs) {
        failed = { ...failed, reason }
        return
      }
      const inARow = (failed?.inARow ?? 0) + 1
      const untilMonotonicMs = monotonicMs + connectionRetryMs(host, inARow)
      failed = { sinceMs: failed?.sinceMs ?? nowMs, reason, inARow, atMonotonicMs: monotonicMs, untilMonotonicMs }
    },
    waitMs: (monotonicMs) => Math.max(0, (failed?.untilMonotonicMs ?? monotonicMs) - monotonicMs),
    now: () => failed && { sinceMs: failed.sinceMs, reason: failed.reason },
    lift() {
      if (failed !== undefined) failed = { ...failed, inARow: 0, untilMonotonicMs: Number.NEGATIVE_INFINITY }
    },
  }
}
