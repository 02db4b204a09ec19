/** A half-open UTC interval, ms. */
export interface Window {
  startMs: number
  endMs: number
}

/** A local day, YYYY-MM-DD, and the half-open UTC interval that it covers: 23, 24 or 25 hours. */
export interface BusinessDay {
  day: string
  window: Window
}

/** Returns the business day of `day` (YYYY-MM-DD) in a time zone. @throws RangeError if the day does not exist */
export function businessDay(zone: string, day: string): BusinessDay {
  const date = Temporal.PlainDate.from(day)
  const startMs = date.toZonedDateTime(zone).epochMilliseconds
  const endMs = date.add({ days: 1 }).toZonedDateTime(zone).epochMilliseconds
  return { day: date.toString(), window: { startMs, endMs } }
}

/** Returns the local day, YYYY-MM-DD, at an instant (ms UTC). */
export function dayAt(zone: string, atMs: number): string {
  return Temporal.Instant.fromEpochMilliseconds(Math.floor(atMs)).toZonedDateTimeISO(zone).toPlainDate().toString()
}

/** Returns the day, YYYY-MM-DD, that is `count` days after `day`. */
export function addDays(day: string, count: number): string {
  return Temporal.PlainDate.from(day).add({ days: count }).toString()
}

/** Returns the number of days from `earlier` to `later`, negative if `later` comes first. */
export function daysBetween(earlier: string, later: string): number {
  return Temporal.PlainDate.from(earlier).until(Temporal.PlainDate.from(later), { largestUnit: 'day' }).days
}

/** Returns the instant, ms UTC, of the local time `time` (HH:MM) on the day before `day`. */
export function dayBeforeAtMs(zone: string, day: string, time: string): number {
  return Temporal.PlainDate.from(day).subtract({ days: 1 }).toZonedDateTime({ timeZone: zone, plainTime: time })
    .epochMilliseconds
}
