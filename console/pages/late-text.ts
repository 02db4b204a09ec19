import type { LateDataset, SourceLine } from '../api/records.ts'
import { agoText, minuteText, withoutDay } from '../local-time.ts'

/** Says since when a dataset is late, and by when it was expected: `late since 14:00 (expected by 13:30, 30 minutes of grace)`. */
export function lateText(
  { class: of, windows, since, expectedBy, graceS }: LateDataset,
  nowMs: number,
  tz: string,
): string {
  const time = (iso: string): string => shortTime(iso, nowMs, tz)
  const grace = graceS === null || graceS === 0 ? '' : `, ${graceS / 60} minutes of grace`
  const what = windows === 1 ? of : `${windows} windows ${of}`
  return `${what}${since === null ? '' : ` since ${time(since)}`}${expectedBy === null ? '' : ` (expected by ${time(expectedBy)}${grace})`}`
}

type Expected = Pick<SourceLine, 'nextExpectedBy' | 'nextLateAfter'> & { expectedBy: string }

/**
 * Says by when the windows of a source are expected: `next by 13:30, in 20 min, all by 14:00`. Between that time and the end
 * of the grace: `overdue since 13:30, grace until 14:00`. Pure.
 */
export function expectedText(
  { expectedBy, nextExpectedBy: next, nextLateAfter }: Expected,
  nowMs: number,
  tz: string,
): string {
  const time = (iso: string): string => shortTime(iso, nowMs, tz)
  if (next === null) return `all by ${time(expectedBy)}`
  const all = next === expectedBy ? '' : `, all by ${time(expectedBy)}`
  if (Date.parse(next) >= nowMs) return `next by ${time(next)}, ${agoText(Date.parse(next), nowMs)}${all}`
  return `overdue since ${time(next)}${nextLateAfter === null ? '' : `, grace until ${time(nextLateAfter)}`}${all}`
}

const shortTime = (iso: string, nowMs: number, tz: string): string =>
  withoutDay(minuteText(Date.parse(iso), tz), nowMs, tz)
