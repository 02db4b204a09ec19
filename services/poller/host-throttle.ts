import { maxHostPauseMs } from '#core/memory-records.ts'
import { hostPauseMs } from './backoff.ts'
import type { FetchResult } from './fetch.ts'

/** How long a host wants to be left alone. Times are steady ms. */
export interface HostThrottle {
  /** How much longer, ms. */
  pausedForMs: (steadyMs: number) => number
  /** What asked for the pause: `429, Retry-After 7200`; undefined when there is none. */
  reason: (steadyMs: number) => string | undefined
  /** How often the host said in a row that it wants to be left alone. */
  inARow: () => number
  /** Whether the answer asked to be left alone. */
  heard: (said: FetchResult, sentSteadyMs: number, endSteadyMs: number) => boolean
  /** Ends the pause, and forgets how often the host said so in a row. */
  lift: (steadyMs: number) => void
}

/** A pause that an owner before left. */
export interface EarlierPause {
  untilMs: number
  /** Requests that were sent later are further ones. */
  setAtMs: number
  reason: string
  /** How often the host said so in a row. */
  inARow: number
}

const tooManyStatus = 429
const banStatus = 418

/**
 * Leaves a host alone that refuses a request and says for how long (Retry-After, with any status), or says "too many"
 * (429) or that the address is banned (418) without it.
 *
 * @param earlier what the host asked of the owner before
 * @param paused told of every pause, for the metrics, in ms; 0 when it is lifted
 */
export function createManners(
  host: string,
  earlier: EarlierPause | undefined,
  paused: (pauseMs: number) => void,
): HostThrottle {
  let { inARow, setAtMs, untilMs, reason } = earlier ?? {
    ...{ inARow: 0, setAtMs: Number.NEGATIVE_INFINITY, untilMs: Number.NEGATIVE_INFINITY, reason: '' },
  }
  const pausedForMs = (steadyMs: number): number => Math.max(0, untilMs - steadyMs)
  if (earlier !== undefined) paused(pausedForMs(setAtMs))
  return {
    pausedForMs,
    inARow: () => inARow,
    reason: (steadyMs) => (pausedForMs(steadyMs) > 0 ? reason : undefined),
    heard(said, sentSteadyMs, endSteadyMs) {
      const sentSince = sentSteadyMs > setAtMs
      const status = asksForPause(said)
      if (status === undefined) {
        if (said.kind !== 'failure' && sentSince) inARow = 0
        return false
      }
      // Requests that were under way when it was first said are no further offence.
      if (sentSince) inARow += 1
      setAtMs = endSteadyMs
      const retryAfterMs = said.kind === 'not-modified' ? undefined : said.retryAfterMs
      const pauseMs = hostPauseMs(host, retryAfterMs, inARow, status === banStatus)
      if (endSteadyMs + pauseMs >= untilMs) {
        untilMs = endSteadyMs + pauseMs
        reason = reasonOf(status, retryAfterMs)
      }
      paused(pauseMs)
      return pausedForMs(endSteadyMs) > 0
    },
    lift(steadyMs) {
      untilMs = steadyMs
      inARow = 0
      paused(0)
    },
  }
}

/** The status of an answer that asks for a pause. */
function asksForPause(said: FetchResult): number | undefined {
  if (said.kind === 'not-modified' || said.status === null) return undefined
  const { status, retryAfterMs } = said
  return retryAfterMs !== undefined || status === tooManyStatus || status === banStatus ? status : undefined
}

function reasonOf(status: number, retryAfterMs: number | undefined): string {
  if (retryAfterMs === undefined) return `${status} without Retry-After`
  const obeyed = retryAfterMs > maxHostPauseMs ? ', of which 24 hours are obeyed' : ''
  return `${status}, Retry-After ${Math.ceil(retryAfterMs / 1_000)}${obeyed}`
}
