import { addDays, dayAt, dayBeforeAtMs, daysBetween } from '#core/business-day.ts'
import type { ClockReading } from '#core/clock.ts'
import type { HostedDataset } from '#core/hosts.ts'
import { requestIdentity } from '#core/request-identity.ts'
import { windowsBetween } from '#core/windows.ts'
import type { BusinessDays } from '#sources/calendar.ts'
import type { Window } from '#sources/source.ts'
import { retryDelayMs } from './backoff.ts'
import type { Candidate, Lane } from './candidate.ts'
import type { KnownIdentity } from './memory.ts'

export interface DueSettings {
  /** Number of business days before today whose windows are polled without a request. 0 means none. */
  backfillDays: number
  /** Windows that ended at most this many days ago are polled every hour. */
  revisitHourlyDays: number
  /** Windows that ended at most this many days ago are polled every day. Older windows are polled only on request. */
  revisitDailyDays: number
}

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

/** Time between two polls of a new window in the first 15 hours of the search, ms. Afterwards it is an hour. */
const searchEveryMs = minuteMs
const eagerSearchMs = 15 * hourMs

export type ScheduledDataset = Pick<HostedDataset, 'dataset' | 'selectors' | 'schedule' | 'autoBackfill' | 'intervalMs'>

/** Returns the windows to poll by the calendar, per selector, with the time until each is due. Pure. */
export function calendarCandidates(
  moment: ClockReading,
  scheduled: ScheduledDataset,
  known: (identity: string) => KnownIdentity | undefined,
  settings: DueSettings,
): Candidate[] {
  const { dataset, schedule, autoBackfill } = scheduled
  const { calendar } = dataset
  if (schedule !== 'auto' || calendar.kind === 'files') return []
  if (calendar.kind === 'ticks') return tickCandidates(moment, scheduled, known)
  const own = { ...settings, backfillDays: autoBackfill ? settings.backfillDays : 0 }
  return requestsOf(scheduled, calendar, moment.nowMs, Math.max(own.backfillDays, own.revisitDailyDays)).flatMap(
    (request) => {
      const due = dueOf(moment, calendar, request, known(request.identity), own)
      if (due === undefined) return []
      const { identity, selector, window } = request
      return [{ identity, dataset, selector, window, ...due }]
    },
  )
}

/**
 * Returns each selector's current tick, or the next one if the current one was polled. Ticks begin at multiples of the
 * interval since 1970 UTC. Missed ticks are lost. Pure.
 */
export function tickCandidates(
  { nowMs }: ClockReading,
  { dataset, selectors, intervalMs }: Pick<HostedDataset, 'dataset' | 'selectors' | 'intervalMs'>,
  known: (identity: string) => KnownIdentity | undefined,
): Candidate[] {
  if (intervalMs === null) return []
  const tickAtMs = (ms: number): number => Math.floor(ms / intervalMs) * intervalMs
  const currentMs = tickAtMs(nowMs)
  return selectors.map((selector) => {
    const identity = requestIdentity(dataset.name, null, selector)
    const held = known(identity)
    // A former owner's clock may be ahead of this clock. If it is ahead by at most an interval, its tick counts as polled.
    const asked = held !== undefined && held.windowStartMs >= currentMs && held.windowStartMs <= currentMs + intervalMs
    const startMs = asked ? tickAtMs(held.windowStartMs) + intervalMs : currentMs
    const window = { startMs, endMs: startMs + intervalMs }
    const first = held === undefined || held.memory.lastGoodFetchedAt === null
    return { identity, dataset, selector, window, lane: 'live' as const, dueInMs: startMs - nowMs, first }
  })
}

type DueTiming = Pick<Candidate, 'lane' | 'dueInMs' | 'first'>

function dueOf(
  moment: ClockReading,
  calendar: BusinessDays,
  { window, identity, searchFromMs, ageDays }: Request,
  known: KnownIdentity | undefined,
  settings: DueSettings,
): DueTiming | undefined {
  const first = known === undefined || known.memory.lastGoodFetchedAt === null
  const elapsedMs = known === undefined ? Number.POSITIVE_INFINITY : sincePolledMs(moment, known)
  const failures = known?.memory.failures ?? 0
  const after = (lane: Lane, intervalMs: number): number => {
    if (known === undefined) return 0
    const waitMs = failures > 0 ? Math.min(intervalMs, retryDelayMs(lane, identity, failures)) : intervalMs
    return waitMs - elapsedMs
  }
  const later = calendar.searchDaysLater ?? 0
  const searchEndsMs = later > 0 ? searchFromMs + eagerSearchMs : window.startMs
  if (searchEndsMs > moment.nowMs && known?.memory.completeness !== 'complete') {
    const searchInMs = searchFromMs - moment.nowMs
    const intervalMs = searchInMs > -eagerSearchMs ? searchEveryMs : hourMs
    const maxWaitMs = failures > 0 ? Number.POSITIVE_INFINITY : intervalMs
    return { lane: 'live', dueInMs: Math.max(searchInMs, after('live', maxWaitMs)), first }
  }
  if (known === undefined && ageDays > settings.backfillDays) return undefined
  if (first && ageDays <= settings.backfillDays)
    return { lane: 'background', dueInMs: after('background', hourMs), first }
  const intervalMs = revisitEveryMs(ageDays, settings)
  return intervalMs === undefined ? undefined : { lane: 'background', dueInMs: after('background', intervalMs), first }
}

/** Returns the time between two polls of a past window, ms. Undefined if the window is polled only on request. */
function revisitEveryMs(ageDays: number, settings: DueSettings): number | undefined {
  if (ageDays <= settings.revisitHourlyDays) return hourMs
  if (ageDays <= settings.revisitDailyDays) return dayMs
  return undefined
}

export function sincePolledMs(
  moment: ClockReading,
  known: Pick<KnownIdentity, 'polledAtMs' | 'polledMonotonicMs'>,
): number {
  return Math.max(moment.nowMs - known.polledAtMs, moment.monotonicMs - known.polledMonotonicMs)
}

/** A window to poll. `ageDays`: days from the window's last day to today; -1 if the last day is tomorrow. */
interface Request {
  identity: string
  selector: string | null
  window: Window
  searchFromMs: number
  ageDays: number
}

const cachedRequests = new WeakMap<
  ScheduledDataset['selectors'],
  { today: string; pastDays: number; requests: Request[] }
>()

/**
 * Returns the windows from `pastDays` days ago to tomorrow, or further if upstream publishes some before they begin.
 * Cached for the day, because time zone arithmetic is slow.
 */
function requestsOf(
  { dataset, selectors }: ScheduledDataset,
  calendar: BusinessDays,
  nowMs: number,
  pastDays: number,
): Request[] {
  const { zone, firstDay, searchFrom, searchDaysLater = 0 } = calendar
  const today = dayAt(zone, nowMs)
  const cached = cachedRequests.get(selectors)
  if (cached?.today === today && cached.pastDays === pastDays) return cached.requests
  // Some months are published before they begin (negative `searchDaysLater`), so the list reaches as many days ahead.
  const last = addDays(today, 1 + Math.max(0, -searchDaysLater))
  const requests = windowsBetween(calendar, addDays(today, -pastDays), last)
    .filter(({ window }) => dayAt(zone, window.endMs - 1) >= firstDay)
    .flatMap(({ day, window }) => {
      const searchFromMs = dayBeforeAtMs(zone, addDays(day, searchDaysLater), searchFrom)
      const ageDays = daysBetween(dayAt(zone, window.endMs - 1), today)
      return selectors.map((selector) => {
        return { identity: requestIdentity(dataset.name, window, selector), selector, window, searchFromMs, ageDays }
      })
    })
  cachedRequests.set(selectors, { today, pastDays, requests })
  return requests
}
