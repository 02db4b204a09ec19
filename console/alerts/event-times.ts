// When an alert was told, and of which time it is. All functions are pure; instants are ms UTC.
import { dayAt, dayStart, minuteText, withoutDay } from '../local-time.ts'
import type { AlertEvent } from './records.ts'

type Times = Pick<AlertEvent, 'kind' | 'at' | 'onset_at' | 'ends_at'>

/**
 * Says of which time an alert is: `since 2026-11-27 14:00`. What lay ahead when it was told are hours of delivery:
 * `for 2026-11-28 00:00 – 24:00`, or `for 2026-11-28 00:00 and on` while no end is known.
 */
export function whenText({ kind, at, onset_at: onset, ends_at: ends }: Times, tz: string): string {
  const onsetMs = Date.parse(onset)
  const from = minuteText(onsetMs, tz)
  const isAhead = onsetMs > Date.parse(at)
  if (kind === 'happened') return `${isAhead ? 'for' : 'at'} ${from}`
  if (ends === null) return isAhead ? `for ${from} and on` : `since ${from}`
  return `${isAhead ? 'for ' : ''}${from} – ${endText(Date.parse(ends), onsetMs, tz)}`
}

/** The end of a day is its 24:00. */
function endText(ms: number, fromMs: number, tz: string): string {
  const isMidnight = ms > fromMs && dayStart(dayAt(ms, tz), tz) === ms
  const text = isMidnight ? `${dayAt(ms - 1, tz)} 24:00` : minuteText(ms, tz)
  return withoutDay(text, fromMs, tz)
}

/** Says when an alert was told, without the day if it is today: `told 12:42`. */
export const toldText = ({ at }: Pick<AlertEvent, 'at'>, nowMs: number, tz: string): string =>
  `told ${withoutDay(minuteText(Date.parse(at), tz), nowMs, tz)}`
