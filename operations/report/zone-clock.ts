/** Local times of a time zone, for many instants: it asks Temporal once for each quarter of an hour. */
export interface ZoneClock {
  /** The local wall clock as if it were UTC, ms. */
  localMs: (atMs: number) => number
  /** Days from 1970-01-01 to the local day. */
  dayNumber: (atMs: number) => number
  /** The local day, YYYY-MM-DD. */
  day: (atMs: number) => string
}

const dayMs = 24 * 3_600_000
const quarterMs = 15 * 60_000

export function zoneClock(zone: string): ZoneClock {
  const offsets = new Map<number, number>()
  const offsetMs = (atMs: number): number => {
    const quarter = Math.floor(atMs / quarterMs)
    const held = offsets.get(quarter)
    if (held !== undefined) return held
    const found =
      Temporal.Instant.fromEpochMilliseconds(Math.floor(atMs)).toZonedDateTimeISO(zone).offsetNanoseconds / 1e6
    offsets.set(quarter, found)
    return found
  }
  const localMs = (atMs: number): number => atMs + offsetMs(atMs)
  const dayNumber = (atMs: number): number => Math.floor(localMs(atMs) / dayMs)
  return { localMs, dayNumber, day: (atMs) => new Date(dayNumber(atMs) * dayMs).toISOString().slice(0, 10) }
}
