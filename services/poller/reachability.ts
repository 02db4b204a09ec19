import { connectionRetryMs } from './backoff.ts'
import type { ClockReading } from './candidate.ts'
import type { FetchResult } from './fetch.ts'

export interface Unreachable {
  /** When the first of these failures was noticed, ms of the poller's clock. */
  sinceMs: number
  reason: string
}

export interface Reachability {
  /** Takes the result of a request that was sent at `sentSteadyMs`. */
  onResponse: (fetched: FetchResult, sentSteadyMs: number, end: ClockReading) => void
  waitMs: (steadyMs: number) => number
  now: () => Unreachable | undefined
  lift: () => void
}

/**
 * Retries an unreachable host as a whole, with a backoff up to a minute, and not by each window. Any response ends
 * that.
 */
export function createReachability(host: string): Reachability {
  let failed: (Unreachable & { inARow: number; atSteadyMs: number; untilSteadyMs: number }) | undefined
  return {
    onResponse(fetched, sentSteadyMs, { nowMs, steadyMs }) {
      if (fetched.kind !== 'failure' || fetched.status !== null) failed = undefined
      if (fetched.kind !== 'failure' || !fetched.unreachable) return
      const reason = fetched.error
      // The request was already in flight at the last failure: no further attempt.
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
