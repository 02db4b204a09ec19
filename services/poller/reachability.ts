import { connectionRetryMs } from './backoff.ts'
import type { ClockReading } from './candidate.ts'
import type { FetchResult } from './fetch.ts'

/** A host to which no connection could be made since its newest answer. */
export interface Unreachable {
  /** When the first of the failures in a row was noticed, ms of the poller's clock. */
  sinceMs: number
  /** One sentence for people, with the code of the newest failure. */
  reason: string
}

/** Whether a host answers, and when it is asked again while it does not. */
export interface Reachability {
  /** Told what came of a request that was sent at `sentSteadyMs`. */
  heard: (fetched: FetchResult, sentSteadyMs: number, end: ClockReading) => void
  /** How much longer nothing is sent, ms; 0: the host answers, or is due to be tried again. */
  waitMs: (steadyMs: number) => number
  /** undefined: the host answers, as far as is known. */
  now: () => Unreachable | undefined
  /** Tries again at once. */
  lift: () => void
}

/**
 * A host that cannot be connected to is tried again as a whole, after growing waits up to a minute, and not by each
 * of its windows. Any answer ends that, whatever its status.
 */
export function createReachability(host: string): Reachability {
  let failed: (Unreachable & { inARow: number; atSteadyMs: number; untilSteadyMs: number }) | undefined
  return {
    heard(fetched, sentSteadyMs, { nowMs, steadyMs }) {
      if (fetched.kind !== 'failure' || fetched.status !== null) failed = undefined
      if (fetched.kind !== 'failure' || !fetched.unreachable) return
      const reason = fetched.error
      // A request that was under way at the failure before tells nothing new.
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
