/** A half-open UTC interval, ms. */
export interface Window {
  startMs: number
  endMs: number
}

/** A local day of a calendar's zone, YYYY-MM-DD, and the half-open UTC interval it covers: 23, 24 or 25 hours. */
export interface BusinessDay {
  day: string
  window: Window
}

/** The business day `day` (YYYY-MM-DD) in `zone`. Throws a RangeError for a day that no calendar has. */
export function businessDay(zone: string, day: string): BusinessDay {
  const date = Temporal.PlainDate.from(day)
  const startMs = date.toZonedDateTime(zone).epochMilliseconds
  const endMs = date.add({ days: 1 }).toZonedDateTime(zone).epochMilliseconds
  return { day: date.toString(), window: { startMs, endMs } }
}

/** The local day, YYYY-MM-DD, that an instant (ms UTC) belongs to. */
export function dayAt(zone: string, atMs: number): string {
  return Temporal.Instant.fromEpochMilliseconds(Math.floor(atMs)).toZonedDateTimeISO(zone).toPlainDate().toString()
}

/** `day` moved by `count` days, YYYY-MM-DD. */
export function addDays(day: string, count: number): string {
  return Temporal.PlainDate.from(day).add({ days: count }).toString()
}

/** How many days `later` is after `earlier`; negative when it is before. */
export function daysBetween(earlier: string, later: string): number {
  return Temporal.PlainDate.from(earlier).until(Temporal.PlainDate.from(later), { largestUnit: 'day' }).days
}

/** The instant (ms UTC) of a local time, HH:MM, on the day before `day`. */
export function dayBeforeAtMs(zone: string, day: string, time: string): number {
  return Temporal.PlainDate.from(day).subtract({ days: 1 }).toZonedDateTime({ timeZone: zone, plainTime: time })
    .epochMilliseconds
}
