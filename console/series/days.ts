// Which days a chart shows. All functions are pure; days are YYYY-MM-DD, instants ms UTC.
import { addDays, dayAt, dayStart } from '../local-time.ts'
import type { Loaded } from './history.ts'

/** Local days, both included. */
export interface Days {
  first: string
  last: string
}

/** The days of the URL; without any, today and tomorrow. */
export function askedDays(
  { from, to, tz }: { from: string | null; to: string | null; tz: string },
  nowMs: number,
): Days {
  const first = from ?? (to === null ? dayAt(nowMs, tz) : addDays(to, -1))
  const last = to ?? addDays(first, 1)
  return { first, last: [first, last].toSorted().at(-1) ?? first }
}

/** The span of days, ms UTC. */
export const spanOfDays = ({ first, last }: Days, tz: string): { fromMs: number; toMs: number } => ({
  fromMs: dayStart(first, tz),
  toMs: dayStart(addDays(last, 1), tz),
})

/** Returns the first to the last of the days that have a value, or a window that should have some. Without any: all. */
export function filledDays({ histories, missing }: Loaded, days: Days, tz: string): Days {
  const found = histories.flatMap(({ points }) =>
    points.filter(({ versions }) => versions.length > 0).map(({ ms }) => dayAt(ms, tz)),
  )
  const due = missing
    .filter((span) => span.class !== 'not-yet-due')
    .flatMap(({ fromMs, toMs }) => [dayAt(fromMs, tz), dayAt(toMs - 1, tz)])
  const within = [...found, ...due].filter((day) => day >= days.first && day <= days.last).toSorted()
  return { first: within[0] ?? days.first, last: within.at(-1) ?? days.last }
}

/** Takes away the points outside of the days. */
export function within(loaded: Loaded, days: Days, tz: string): Loaded {
  const { fromMs, toMs } = spanOfDays(days, tz)
  const histories = loaded.histories.map((history) => ({
    ...history,
    points: history.points.filter(({ ms }) => ms >= fromMs && ms < toMs),
  }))
  return { ...loaded, histories }
}
