import { utcText } from '#platform/process/utc-text.ts'
import type { Poll } from '#schemas/generated/records.ts'
import type { ClockReading } from './candidate.ts'
import type { Clock } from './clock.ts'
import type { FetchResult } from './fetch.ts'
import { createManners, type EarlierPause, type HostThrottle } from './host-throttle.ts'
import type { Host } from './hosts.ts'
import type { Metrics } from './metrics.ts'
import { createReachability, type Reachability } from './reachability.ts'
import { pauseLeft, type RecentPolls } from './recent-polls.ts'
import { createTokenBucket } from './token-bucket.ts'

/** What a host's budget is at the moment, for the status. */
export interface HostBudget {
  host: string
  availableNow: number
  sentLastMinute: number
  perMinute: number
  inFlight: number
  pausedForMs: number
  /** Until when the host is left alone, ISO 8601 UTC of the poller's clock, and what asked for it; null: it is not. */
  pausedUntil: string | null
  pauseReason: string | null
  /** Since when no connection to the host could be made, why, and when it is tried again; null: it answers. */
  unreachable: { since: string; reason: string; nextTryAt: string } | null
}

/** The pause that an answer asked for, and how often in a row its host did so. */
export interface AskedPause extends Pick<Poll, 'pausedUntil' | 'pauseReason'> {
  attempts: number
}

export const noPause: AskedPause = { pausedUntil: null, pauseReason: null, attempts: 0 }

/** A request that the budget has been charged for. */
export interface BudgetCharge {
  /** Told what came of it; returns the pause that the answer asked for. */
  came: (fetched: FetchResult) => AskedPause
  /** When it is over, however it ended. */
  done: () => void
}

/** All that a host allows: so many requests a minute, so many at a time, and none while it wants to be left alone. */
export interface BudgetKeeper {
  /** How long until a request may be sent, ms of the clock; 0: now. */
  waitMs: (steadyMs: number) => number
  /** Takes a request out of the budget. Only when there is one. */
  spend: (moment: ClockReading) => BudgetCharge
  /** Ends a pause at once: somebody asked for it. */
  lift: () => void
  now: () => HostBudget
}

/**
 * The budget of a new owner: an empty bucket, with what `polls` shows of the last minute and what may never have got
 * there, and the pause that the host asked of the owner before.
 *
 * @param freed called when a request is over
 */
export function takeOverBudget(
  { host, clock, recent, metrics }: { host: Host; clock: Clock; recent: RecentPolls; metrics: Metrics },
  freed: () => void,
): BudgetKeeper {
  const { nowMs, steadyMs: startMs } = clock.now()
  const seeds = recent.endedAgoMs.map((agoMs) => startMs - clock.spanMs(agoMs))
  const bucket = createTokenBucket(host.budget, startMs, seeds, unrecordedRequests(host))
  const left = pauseLeft(recent.pauses, nowMs, clock.spanMs)
  const earlier: EarlierPause | undefined = left && { ...left, setAtMs: startMs, untilMs: startMs + left.forMs }
  const manners = createManners(host.name, earlier, (ms) => metrics.hostPaused.set({ host: host.name }, ms / 1_000))
  const reach = createReachability(host.name)
  const inFlight = (): void => metrics.inFlight.set({ host: host.name }, bucket.inFlight())
  return {
    waitMs(steadyMs) {
      const waitMs = Math.max(manners.pausedForMs(steadyMs), reach.waitMs(steadyMs), bucket.waitMs(steadyMs))
      // Whether a host answers again is tried with one request; its end wakes whoever waits.
      return reach.now() !== undefined && bucket.inFlight() > 0 ? Number.POSITIVE_INFINITY : waitMs
    },
    spend(moment) {
      const done = bucket.send(moment.steadyMs)
      inFlight()
      return {
        came: (fetched) => {
          const end = clock.now()
          reach.heard(fetched, moment.steadyMs, end)
          return manners.heard(fetched, moment.steadyMs, end.steadyMs) ? pauseAt(manners, end) : noPause
        },
        done: () => {
          const { steadyMs } = clock.now()
          done(steadyMs)
          inFlight()
          metrics.sentLastMinute.set({ host: host.name }, bucket.sentLastMinute(steadyMs))
          freed()
        },
      }
    },
    lift() {
      manners.lift(clock.now().steadyMs)
      reach.lift()
    },
    now() {
      const moment = clock.now()
      const { pausedUntil, pauseReason } = pauseAt(manners, moment)
      const sentLastMinute = bucket.sentLastMinute(moment.steadyMs)
      const { perMinute } = host.budget
      return {
        host: host.name,
        availableNow: pausedUntil === null ? perMinute - sentLastMinute : 0,
        ...{ sentLastMinute, perMinute, inFlight: bucket.inFlight() },
        pausedForMs: Math.ceil(manners.pausedForMs(moment.steadyMs)),
        pausedUntil: pausedUntil === null ? null : new Date(pausedUntil).toISOString(),
        pauseReason,
        unreachable: unreachableAt(reach, moment),
      }
    },
  }
}

function unreachableAt(reach: Reachability, { nowMs, steadyMs }: ClockReading): HostBudget['unreachable'] {
  const told = reach.now()
  if (told === undefined) return null
  const nextTryAt = utcText(nowMs + Math.ceil(reach.waitMs(steadyMs)))
  return { since: utcText(told.sinceMs), reason: told.reason, nextTryAt }
}

/**
 * How many requests the owner before may have sent that stand in no poll: those under way, of which there are as many
 * windows; and of a window in pages the count, which stands in the poll of the window, which comes last.
 */
function unrecordedRequests({ budget, datasets }: Host): number {
  const hasPages = datasets.some(({ asking }) => asking.pages !== undefined)
  return budget.maxInFlight * (hasPages ? 2 : 1)
}

function pauseAt(manners: HostThrottle, { nowMs, steadyMs }: ClockReading): AskedPause {
  const pauseReason = manners.reason(steadyMs) ?? null
  if (pauseReason === null) return noPause
  const pausedUntil = nowMs + Math.ceil(manners.pausedForMs(steadyMs))
  return { pausedUntil, pauseReason, attempts: manners.inARow() }
}
