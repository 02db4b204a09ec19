import type { LateDataset } from '../api/records.ts'
import { minuteText, withoutDay } from '../local-time.ts'

/** Says since when a dataset is late, and by when it was expected: `late since 14:00 (expected by 13:30, 30 minutes of grace)`. */
export function lateText(
  { class: of, windows, since, expectedBy, graceS }: LateDataset,
  nowMs: number,
  tz: string,
): string {
  const time = (iso: string): string => withoutDay(minuteText(Date.parse(iso), tz), nowMs, tz)
  const grace = graceS === null || graceS === 0 ? '' : `, ${graceS / 60} minutes of grace`
  const what = windows === 1 ? of : `${windows} windows ${of}`
  return `${what}${since === null ? '' : ` since ${time(since)}`}${expectedBy === null ? '' : ` (expected by ${time(expectedBy)}${grace})`}`
}
