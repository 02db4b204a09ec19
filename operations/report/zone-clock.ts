/** Local times of a time zone, for many instants: Temporal is asked once for each span between two changes of the clocks. */
export interface ZoneClock {
  /** The local wall clock as if it were UTC, ms. */
  localMs: (atMs: number) => number
  /** Days from 1970-01-01 to the local day. */
  dayNumber: (atMs: number) => number
  /** The local day, YYYY-MM-DD. */
  day: (atMs: number) => string
}

interface Span {
  fromMs: number
  toMs: number
  offsetMs: number
}

const dayMs = 24 * 3_600_000

export function zoneClock(zone: string): ZoneClock {
  const spans: Span[] = []
  const days = new Map<number, string>()
  let span: Span = { fromMs: 0, toMs: 0, offsetMs: 0 }
  const isIn = ({ fromMs, toMs }: Span, atMs: number): boolean => fromMs <= atMs && atMs < toMs
  const localMs = (atMs: number): number => {
    if (isIn(span, atMs)) return atMs + span.offsetMs
    span = spans.find((each) => isIn(each, atMs)) ?? spanAt(zone, atMs)
    if (!spans.includes(span)) spans.push(span)
    return atMs + span.offsetMs
  }
  const dayNumber = (atMs: number): number => Math.floor(localMs(atMs) / dayMs)
  const dayText = (day: number): string => new Date(day * dayMs).toISOString().slice(0, 10)
  return { localMs, dayNumber, day: (atMs) => days.getOrInsertComputed(dayNumber(atMs), dayText) }
}

/** Returns the span around an instant in which the zone has the same offset. */
function spanAt(zone: string, atMs: number): Span {
  const local = Temporal.Instant.fromEpochMilliseconds(Math.floor(atMs)).toZonedDateTimeISO(zone)
  const next = local.getTimeZoneTransition('next')?.epochMilliseconds ?? Number.POSITIVE_INFINITY
  // The change before the next millisecond is the one at or before this instant.
  const previous = local.add({ milliseconds: 1 }).getTimeZoneTransition('previous')?.epochMilliseconds
  return { fromMs: previous ?? Number.NEGATIVE_INFINITY, toMs: next, offsetMs: local.offsetNanoseconds / 1e6 }
}
