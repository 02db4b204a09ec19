import type { RequestBudget } from '#sources/source.ts'

const minuteMs = 60_000

export interface TokenBucket {
  /** Returns the time until a request may be sent, ms. Infinity: not before a request in flight ends. */
  waitMs: (nowMs: number) => number
  /** Takes a token. Call the returned function when the request has ended. @throws if waitMs() is not 0 */
  send: (nowMs: number) => (doneAtMs: number) => void
  sentLastMinute: (nowMs: number) => number
  inFlight: () => number
}

/**
 * A token bucket that starts empty. It also counts: no sliding minute has more requests than `budget.perMinute`. A
 * request counts from its sending until a minute after its end, because the host receives it at some time before its
 * end.
 * @param seedsMs when other owners' requests of the last minute ended
 * @param ghosts number of requests that may have been sent but were not recorded; they count as ended now
 */
export function createTokenBucket(
  budget: RequestBudget,
  nowMs: number,
  seedsMs: readonly number[] = [],
  ghosts = 0,
): TokenBucket {
  const perMs = budget.refillPerMinute / minuteMs
  let ended: number[] = [...seedsMs, ...new Array<number>(ghosts).fill(nowMs)].sort((one, other) => one - other)
  let inFlight = 0
  let tokens = 0
  let refilledAtMs = nowMs

  const refill = (atMs: number): void => {
    tokens = Math.min(budget.burst, tokens + Math.max(0, atMs - refilledAtMs) * perMs)
    refilledAtMs = Math.max(refilledAtMs, atMs)
    ended = ended.filter((endedAtMs) => endedAtMs >= atMs - minuteMs)
  }
  const ledgerWaitMs = (atMs: number): number => {
    const excess = ended.length + inFlight + 1 - budget.perMinute
    if (excess <= 0) return 0
    const freeing = ended[excess - 1]
    return freeing === undefined ? Number.POSITIVE_INFINITY : freeing + minuteMs + 1 - atMs
  }
  const waitMs = (atMs: number): number => {
    refill(atMs)
    if (inFlight >= budget.maxInFlight) return Number.POSITIVE_INFINITY
    const tokenWaitMs = tokens >= 1 ? 0 : Math.max(1, Math.ceil((1 - tokens) / perMs))
    return Math.max(tokenWaitMs, ledgerWaitMs(atMs))
  }
  return {
    waitMs,
    send(atMs) {
      if (waitMs(atMs) > 0) throw new Error(`a request was sent ${waitMs(atMs)} ms before the budget allows it`)
      tokens -= 1
      inFlight += 1
      let over = false
      return (doneAtMs) => {
        if (over) return
        over = true
        inFlight -= 1
        const at = ended.findLastIndex((endedAtMs) => endedAtMs <= doneAtMs) + 1
        ended.splice(at, 0, doneAtMs)
      }
    },
    sentLastMinute(atMs) {
      refill(atMs)
      return ended.length + inFlight
    },
    inFlight: () => inFlight,
  }
}
