import { connectionRetryMs } from './backoff.ts'
import type { ClockReading } from './candidate.ts'
import type { FetchResult } from './fetch.ts'

export interface Unreachable {
  /** When the first of the failed connections in a row was noticed, ms UTC by the poller's clock. */
  sinceMs: number
  reason: string
}

export interface Reachability {
  /** Takes the result of a request that was sent at `sentSteadyMs` (monotonic ms). */
  onResponse: (fetched: FetchResult, sentSteadyMs: number, end: ClockReading) => void
  waitMs: (steadyMs: number) => number
  now: () => Unreachable | undefined
  lift: () => void
}

/**
 * Retries an unreachable host as a whole, and not per window, with a backoff of up to a minute. Any response ends the
 * backoff.
 */
export function createReachability(host: string): Reachability {
  let failed: (Unreachable & { inARow: number; atSteadyMs: number; untilSteadyMs: number }) | undefined
  return {
    onResponse(fetched, sentSteadyMs, { nowMs, steadyMs }) {
      if (fetched.kind !== 'failure' || fetched.status !== null) failed = undefined
      if (fetched.kind !== 'failure' || !fetched.unreachable) return
      const reason = fetched.error
      // A request that was in flight at the last failure does not count as a further attempt.
      if (failed !== undefined && sentSteadyMs < failed.atSteadyMs) {
        failed = { ...failed, reason }
        return
      }
      const inARow = (failed?.inARow ?? 0) + 1
      const untilSteadyMs = steadyMs + connectionRetryMs(host, inARow)
      failed = { sinceMs: failed?.sinceMs ?? nowMs, reason, inARow, atSteadyMs: steadyMs, untilSteadyMs }
    },
    waitMs: (steadyMs) => Math.max(0, (failed?.untilSteadyMs ?? steadyMs) - steadyMs),
    now: () => failed && { sinceMs: failed.sinceMs, reason: failed.reason },
    lift() {
      if (failed !== undefined) failed = { ...failed, inARow: 0, untilSteadyMs: Number.NEGATIVE_INFINITY }
    },
  }
}
