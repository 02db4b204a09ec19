import { mix, mixFraction } from '../hash.ts'

export type BusinessDay = { readonly day: string; readonly startMs: number; readonly endMs: number }

/** Core's first business day. For older days upstream answers with no rows. */
export const FIRST_DAY = '2022-06-09'

/** When a day is published: after `from` (local time, HH:MM), `daysLater` days after the day before delivery. */
export type DueTime = { readonly from: string; readonly daysLater: number }

export const MORNING: DueTime = { from: '10:20', daysLater: 0 }

const ZONE = 'Europe/Brussels'
const HOUR_MS = 3_600_000
const REPUBLISHED_SHARE = 0.15
const CACHED_DAYS = 50_000

const days = new Map<string, BusinessDay>()
const openings = new Map<string, number>()

/** Returns the business day of a date YYYY-MM-DD. It has 23, 24 or 25 hours. @throws RangeError for an invalid date */
export function businessDay(day: string): BusinessDay {
  return cached(days, day, () => {
    const date = Temporal.PlainDate.from(day)
    const startMs = date.toZonedDateTime(ZONE).epochMilliseconds
    return { day, startMs, endMs: date.add({ days: 1 }).toZonedDateTime(ZONE).epochMilliseconds }
  })
}

export function hoursOf({ startMs, endMs }: BusinessDay): number[] {
  return Array.from({ length: (endMs - startMs) / HOUR_MS }, (_, index) => startMs + index * HOUR_MS)
}

export function dayAt(instantMs: number): string {
  return Temporal.Instant.fromEpochMilliseconds(Math.floor(instantMs)).toZonedDateTimeISO(ZONE).toPlainDate().toString()
}

export function addDays(day: string, count: number): string {
  return Temporal.PlainDate.from(day).add({ days: count }).toString()
}

export function daysWithin(fromMs: number, toMs: number, firstDay = FIRST_DAY): BusinessDay[] {
  const found: BusinessDay[] = []
  const first = dayAt(fromMs)
  const begun = first >= firstDay
  for (let day = businessDay(begun ? first : firstDay); day.startMs < toMs; day = next(day)) found.push(day)
  return found
}

/** Returns the instant of a day's first publication, ms UTC: up to 20 minutes after the due time, by seed and day. */
export function firstPublicationMs(seed: number, day: string, { from, daysLater } = MORNING): number {
  const opensMs = cached(
    openings,
    `${from} ${daysLater} ${day}`,
    () =>
      Temporal.PlainDate.from(day)
        .add({ days: daysLater - 1 })
        .toZonedDateTime({ timeZone: ZONE, plainTime: from }).epochMilliseconds,
  )
  return opensMs + (mix(seed, dayNumber(day), 1) % 1200) * 1000
}

/**
 * Returns the ms from the first publication of a day until it is published again: 1 to 3 hours, or 25 to 27 hours,
 * equally often. Returns undefined for the 85 % of days that are published once.
 */
export function republicationDelayMs(seed: number, day: string): number | undefined {
  if (mixFraction(seed, dayNumber(day), 2) >= REPUBLISHED_SHARE) return undefined
  const hours = 1 + 2 * mixFraction(seed, dayNumber(day), 3)
  const nextDay = mix(seed, dayNumber(day), 4) % 2 === 1
  return Math.round((hours + (nextDay ? 24 : 0)) * HOUR_MS)
}

function next({ day }: BusinessDay): BusinessDay {
  return businessDay(addDays(day, 1))
}

function dayNumber(day: string): number {
  return Math.round(Date.parse(day) / 86_400_000)
}

/** Time zone arithmetic is the slowest step of an answer, so results are cached. Four years take a few hundred kB. */
function cached<T>(cache: Map<string, T>, key: string, compute: () => T): T {
  const known = cache.get(key)
  if (known !== undefined) return known
  if (cache.size >= CACHED_DAYS) cache.clear()
  const computed = compute()
  cache.set(key, computed)
  return computed
}
