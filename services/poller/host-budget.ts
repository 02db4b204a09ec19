import type { Clock, ClockReading } from '#core/clock.ts'
import type { Host } from '#core/hosts.ts'
import { utcText } from '#platform/process/utc-text.ts'
import type { Poll } from '#schemas/generated/records.ts'
import type { FetchResult } from './fetch.ts'
import { createHostThrottle, type EarlierPause, type HostThrottle } from './host-throttle.ts'
import type { Metrics } from './metrics.ts'
import { createReachability, type Reachability } from './reachability.ts'
import { pauseLeft, type RecentPolls } from './recent-polls.ts'
import { createTokenBucket } from './token-bucket.ts'

export interface HostBudget {
  host: string
  availableNow: number
  sentLastMinute: number
  perMinute: number
  inFlight: number
  pausedForMs: number
  /** End of the pause, ISO 8601 UTC by the poller's clock. Null if the host is not paused. */
  pausedUntil: string | null
  pauseReason: string | null
  /** Null unless the host is unreachable. The times are ISO 8601 UTC by the poller's clock. */
  unreachable: { since: string; reason: string; nextTryAt: string } | null
}

export interface RequestedPause extends Pick<Poll, 'pausedUntil' | 'pauseReason'> {
  attempts: number
}

export const noPause: RequestedPause = { pausedUntil: null, pauseReason: null, attempts: 0 }

export interface BudgetCharge {
  /** Takes the response. Returns the pause that the response demands, or `noPause`. */
  onResponse: (fetched: FetchResult) => RequestedPause
  release: () => void
}

/** Decides when a request may be sent to a host: by rate, requests in flight, pauses and reachability. */
export interface BudgetKeeper {
  /** Returns the wait before the next request, ms of the poller's clock. Infinity: until one in flight has ended. */
  waitMs: (monotonicMs: number) => number
  charge: (moment: ClockReading) => BudgetCharge
  lift: () => void
  now: () => HostBudget
}

/** Creates a new owner's budget: no tokens, the recent requests of earlier owners, and the host's pause. */
export function takeOverBudget(
  { host, clock, recent, metrics }: { host: Host; clock: Clock; recent: RecentPolls; metrics: Metrics },
  freed: () => void,
): BudgetKeeper {
  const { nowMs, monotonicMs: startMs } = clock.now()
  const seeds = recent.endedAgoMs.map((agoMs) => startMs - clock.spanMs(agoMs))
  const bucket = createTokenBucket(host.budget, startMs, seeds, unrecordedRequests(host))
  const left = pauseLeft(recent.pauses, nowMs, clock.spanMs)
  const earlier: EarlierPause | undefined = left && { ...left, setAtMs: startMs, untilMs: startMs + left.forMs }
  const throttle = createHostThrottle(host.name, earlier, (ms) =>
    metrics.hostPaused.set({ host: host.name }, ms / 1_000),
  )
  const reachability = createReachability(host.name)
  metrics.requestLimit.set({ host: host.name }, host.budget.perMinute)
  const showReachability = (): void =>
    metrics.unreachableSince.set({ host: host.name }, (reachability.now()?.sinceMs ?? 0) / 1_000)
  showReachability()
  const inFlight = (): void => metrics.inFlight.set({ host: host.name }, bucket.inFlight())
  return {
    waitMs(monotonicMs) {
      const waitMs = Math.max(
        throttle.pausedForMs(monotonicMs),
        reachability.waitMs(monotonicMs),
        bucket.waitMs(monotonicMs),
      )
      // An unreachable host gets only one request at a time.
      return reachability.now() !== undefined && bucket.inFlight() > 0 ? Number.POSITIVE_INFINITY : waitMs
    },
    charge(moment) {
      const done = bucket.send(moment.monotonicMs)
      inFlight()
      return {
        onResponse: (fetched) => {
          const end = clock.now()
          reachability.onResponse(fetched, moment.monotonicMs, end)
          showReachability()
          return throttle.onResponse(fetched, moment.monotonicMs, end.monotonicMs) ? pauseAt(throttle, end) : noPause
        },
        release: () => {
          const { monotonicMs } = clock.now()
          done(monotonicMs)
          inFlight()
          metrics.sentLastMinute.set({ host: host.name }, bucket.sentLastMinute(monotonicMs))
          freed()
        },
      }
    },
    lift() {
      throttle.lift(clock.now().monotonicMs)
      reachability.lift()
    },
    now() {
      const moment = clock.now()
      const { pausedUntil, pauseReason } = pauseAt(throttle, moment)
      const sentLastMinute = bucket.sentLastMinute(moment.monotonicMs)
      const { perMinute } = host.budget
      return {
        host: host.name,
        availableNow: pausedUntil === null ? perMinute - sentLastMinute : 0,
        ...{ sentLastMinute, perMinute, inFlight: bucket.inFlight() },
        pausedForMs: Math.ceil(throttle.pausedForMs(moment.monotonicMs)),
        pausedUntil: pausedUntil === null ? null : new Date(pausedUntil).toISOString(),
        pauseReason,
        unreachable: unreachableAt(reachability, moment),
      }
    },
  }
}

function unreachableAt(reachability: Reachability, { nowMs, monotonicMs }: ClockReading): HostBudget['unreachable'] {
  const unreachable = reachability.now()
  if (unreachable === undefined) return null
  const nextTryAt = utcText(nowMs + Math.ceil(reachability.waitMs(monotonicMs)))
  return { since: utcText(unreachable.sinceMs), reason: unreachable.reason, nextTryAt }
}

/** Returns how many requests `polls` may lack: those in flight, and as many for row counts if a dataset has pages. */
function unrecordedRequests({ budget, datasets }: Host): number {
  const hasPages = datasets.some(({ asking }) => asking.pages !== undefined)
  return budget.maxInFlight * (hasPages ? 2 : 1)
}

function pauseAt(throttle: HostThrottle, { nowMs, monotonicMs }: ClockReading): RequestedPause {
  const pauseReason = throttle.reason(monotonicMs) ?? null
  if (pauseReason === null) return noPause
  const pausedUntil = nowMs + Math.ceil(throttle.pausedForMs(monotonicMs))
  return { pausedUntil, pauseReason, attempts: throttle.inARow() }
}
