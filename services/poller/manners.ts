import { hostPauseMs } from './backoff.ts'
import type { Fetched } from './fetch.ts'

/** How long a host wants to be left alone. Times are steady ms. */
export interface Manners {
  /** How much longer, ms. */
  pausedForMs: (steadyMs: number) => number
  heard: (said: Fetched, sentSteadyMs: number, endSteadyMs: number) => void
}

/**
 * Leaves a host alone that said "too many" (429), or "not now" and for how long (503 with Retry-After).
 *
 * @param refusedAtMs when it last said so to the owner before, who may have been told for how long; we were not
 * @param paused told of every pause, for the metrics
 */
export function createManners(
  host: string,
  refusedAtMs: number | undefined,
  paused: (pauseMs: number) => void,
): Manners {
  let inARow = refusedAtMs === undefined ? 0 : 1
  let setAtMs = refusedAtMs ?? Number.NEGATIVE_INFINITY
  let untilMs = setAtMs + (refusedAtMs === undefined ? 0 : hostPauseMs(host, undefined, inARow))
  return {
    pausedForMs: (steadyMs) => Math.max(0, untilMs - steadyMs),
    heard(said, sentSteadyMs, endSteadyMs) {
      const sentSince = sentSteadyMs > setAtMs
      if (said.kind !== 'failure') {
        if (sentSince) inARow = 0
        return
      }
      const { status, retryAfterMs } = said
      if (status !== 429 && (status !== 503 || retryAfterMs === undefined)) return
      // Requests that were under way when it was first said are no further offence.
      if (sentSince) inARow += 1
      setAtMs = endSteadyMs
      const pauseMs = hostPauseMs(host, retryAfterMs, inARow)
      untilMs = Math.max(untilMs, endSteadyMs + pauseMs)
      paused(pauseMs)
    },
  }
}
