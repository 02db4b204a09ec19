import type { BusinessDays, PlannedException, Ticks } from '#sources/calendar.ts'
import type { Window } from './business-day.ts'

/**
 * What a calendar says about a window:
 * - `expected`: at the instant `expectedByMs` it should be complete. From the instant `lateAfterMs` on it is late if it
 *   is not. Both are ms UTC.
 * - `not-expected`: a planned exception, such as a holiday. It is never late.
 * - `not-known`: upstream's time is not known. It is never late.
 */
export type Expectation =
  | { state: 'expected'; expectedByMs: number; lateAfterMs: number }
  | { state: 'not-expected' | 'not-known'; why: string }

/**
 * Returns by when a window is expected. Pure. A local time that the clocks leave out is moved by the hour that is
 * missing. Of two equal local times, the second one counts.
 * @param day the local day on which the window begins, YYYY-MM-DD, as windowsBetween() returns it
 * @throws RangeError if the calendar breaks the rules of catalogue/check-calendar.ts
 */
export function expectationOf(calendar: BusinessDays, day: string, window: Window): Expectation {
  const { zone, searchDaysLater = 0, expected } = calendar
  if ('notKnown' in expected) return { state: 'not-known', why: expected.notKnown }
  const exceptions = inOrder(expected.exceptions)
  const holiday = exceptions.find((each) => each.effect === 'not-expected' && isWithin(each, window.startMs))
  if (holiday !== undefined) return { state: 'not-expected', why: holiday.why }
  let expectedByMs = Temporal.PlainDate.from(day)
    .add({ days: searchDaysLater - 1 })
    .toPlainDateTime(expected.expectedBy)
    .toZonedDateTime(zone, { disambiguation: 'later' }).epochMilliseconds
  for (const each of exceptions) if (each.effect === 'later' && isWithin(each, expectedByMs)) expectedByMs = each.toMs
  return { state: 'expected', expectedByMs, lateAfterMs: expectedByMs + expected.lateAfterS * 1_000 }
}

/** The ticks at `fromMs`, `everyS` seconds later and so on, before `untilMs`: (untilMs - fromMs) / 1000 / everyS ticks. */
export interface ExpectedTicks {
  fromMs: number
  everyS: number
  untilMs: number
}

/**
 * Returns the expected ticks that begin in [fromMs, toMs), without those of planned exceptions, in ascending order. Each
 * interval has a tick, and intervals do not adjoin. A tick is expected at its instant, and its grace is one interval: a
 * tick at T that has no answer at T + everyS is lost. Ticks begin at multiples of the interval since 1970 UTC. Pure.
 * @param intervalS the interval that is in force, seconds above 0
 * @throws RangeError if intervalS is not above 0, or if an exception has no instants
 */
export function tickExpectation(calendar: Ticks, intervalS: number, fromMs: number, toMs: number): ExpectedTicks[] {
  if (!(intervalS > 0)) throw new RangeError(`The interval of ticks is ${intervalS} s. It must be above 0.`)
  const everyMs = intervalS * 1_000
  const firstTickMs = (ms: number): number => Math.ceil(ms / everyMs) * everyMs
  const found: ExpectedTicks[] = []
  const add = (startMs: number, endMs: number): void => {
    const ticks = { fromMs: firstTickMs(startMs), everyS: intervalS, untilMs: firstTickMs(endMs) }
    const last = found.at(-1)
    if (ticks.fromMs >= ticks.untilMs) return
    if (last?.untilMs === ticks.fromMs) last.untilMs = ticks.untilMs
    else found.push(ticks)
  }
  let startMs = fromMs
  for (const exception of inOrder(calendar.exceptions)) {
    add(startMs, Math.min(exception.fromMs, toMs))
    startMs = Math.max(startMs, exception.toMs)
  }
  add(startMs, toMs)
  return found
}

interface Span extends Pick<PlannedException, 'why' | 'effect'> {
  fromMs: number
  toMs: number
}

const inOrder = (exceptions: readonly PlannedException[] = []): Span[] =>
  exceptions
    .map(({ from, to, why, effect }) => ({ fromMs: instantMs(from), toMs: instantMs(to), why, effect }))
    .sort((one, other) => one.fromMs - other.fromMs)

const instantMs = (text: string): number => Temporal.Instant.from(text).epochMilliseconds

const isWithin = ({ fromMs, toMs }: Span, ms: number): boolean => fromMs <= ms && ms < toMs
