// Where an axis of time has marks, and what stands at them. All functions are pure; instants are ms UTC.
import { addDays, clockMs, dayAt, dayStart, hoursBetween, isSecondHour, timeText } from '../local-time.ts'

const hourMs = 3_600_000
const everyHours = [1, 2, 3, 6, 12]
const everyDays = [1, 2, 7, 14, 28, 91]

/** Returns the marks of a span in a zone, at most `max` or so: full hours, or midnights. */
export function timeMarks(fromMs: number, toMs: number, zone: string, max: number): number[] {
  const hours = (toMs - fromMs) / hourMs
  const everyHour = everyHours.find((every) => hours / every <= max)
  if (everyHour !== undefined)
    return hoursBetween(fromMs, toMs + 1).filter((ms) => {
      const hour = Math.floor(clockMs(ms, zone) / hourMs) % 24
      return hour % everyHour === 0 && (everyHour === 1 || !isSecondHour(ms, zone))
    })
  const everyDay = everyDays.find((every) => hours / 24 / every <= max) ?? 365
  const marks: number[] = []
  for (let day = dayAt(fromMs, zone); ; day = addDays(day, everyDay)) {
    const ms = dayStart(day, zone)
    if (ms > toMs) return marks
    if (ms >= fromMs) marks.push(ms)
  }
}

/** What stands at a mark: the day at midnight, else the time. */
export const markText = (ms: number, zone: string): string =>
  dayStart(dayAt(ms, zone), zone) === ms ? dayAt(ms, zone).slice(5) : timeText(ms, zone)

/** Number of an hour of delivery within its local day, from 1 to 23, 24 or 25. */
export const deliveryHour = (ms: number, zone: string): number =>
  Math.floor((ms - dayStart(dayAt(ms, zone), zone)) / hourMs) + 1
