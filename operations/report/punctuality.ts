import type { BusinessDays } from '#sources/calendar.ts'
import type { FirstComplete } from './facts.ts'
import type { ZoneClock } from './zone-clock.ts'

/**
 * When windows became complete first, in local time of the dataset's zone, on the day that `expectedBy` counts from.
 * Times are HH:MM. 25:10 is 01:10 of the next day, -01:00 is 23:00 of the day before. Each is up to one poll later than
 * the publication.
 */
export interface Punctuality {
  windows: number
  /** How many local days the windows begin on. */
  days: number
  p50: string
  p95: string
  latest: string
  /** What the declaration says; null: the time is not known. */
  expectedBy: string | null
  /** Why another `expectedBy` would fit better, and which; null: it fits, or there are too few windows. */
  hint: string | null
}

/** Fewer windows do not say what is usual. */
const minWindowsOfHint = 14
const quarterS = 15 * 60
/** `expectedBy` may be this much later than needed, s. */
const slackS = 60 * 60

/** Pure. `searchDaysLater` as in the calendar. Returns null without windows. */
export function punctualityOf(
  found: readonly FirstComplete[],
  { searchFrom, searchDaysLater = 0, expected }: Pick<BusinessDays, 'searchFrom' | 'searchDaysLater' | 'expected'>,
  clock: ZoneClock,
): Punctuality | null {
  const seconds = found
    .map(({ atMs, windowStartMs }) => {
      const day = clock.dayNumber(windowStartMs) + searchDaysLater - 1
      return Math.floor(clock.localMs(atMs) / 1_000) - day * 86_400
    })
    .sort((one, other) => one - other)
  const latestS = seconds.at(-1)
  if (latestS === undefined) return null
  const p95S = rank(seconds, 0.95)
  const expectedBy = 'expectedBy' in expected ? expected.expectedBy : null
  return {
    windows: seconds.length,
    days: new Set(found.map(({ windowStartMs }) => clock.dayNumber(windowStartMs))).size,
    p50: timeOf(rank(seconds, 0.5)),
    p95: timeOf(p95S),
    latest: timeOf(latestS),
    expectedBy,
    hint: seconds.length < minWindowsOfHint ? null : hintOf(p95S, expectedBy, searchFrom),
  }
}

/** The smallest value that a share of the values does not exceed. */
const rank = (sorted: readonly number[], share: number): number => sorted[Math.ceil(sorted.length * share) - 1] ?? 0

/** A proposal is not before `searchFrom`, as the rules of calendars want it. */
function hintOf(p95S: number, expectedBy: string | null, searchFrom: string): string | null {
  const fitsS = Math.max(Math.ceil(p95S / quarterS) * quarterS, secondsOf(searchFrom))
  const fits = fitsS < 86_400 ? `, so ${timeOf(fitsS)} would fit` : ', so no time of that day fits'
  const found = `95 % are complete by ${timeOf(p95S)}${fits}`
  if (expectedBy === null) return `expectedBy is not declared: ${found}`
  const expectedS = secondsOf(expectedBy)
  if (p95S > expectedS) return `expectedBy ${expectedBy} is too early: ${found}`
  return fitsS + slackS > expectedS ? null : `expectedBy ${expectedBy} is later than needed: ${found}`
}

function secondsOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number)
  return hours * 3_600 + minutes * 60
}

function timeOf(seconds: number): string {
  const minutes = Math.floor(Math.abs(seconds) / 60)
  const [hour, minute] = [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, '0'))
  return `${seconds < 0 ? '-' : ''}${hour}:${minute}`
}
