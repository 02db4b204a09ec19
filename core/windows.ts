import { addDays, businessDay, dayAt, type Window } from './business-day.ts'

export interface WindowKind {
  window: 'day' | 'hour' | 'month'
  zone: string
}

const hourMs = 60 * 60 * 1_000

/** Returns the windows that begin on a local day, YYYY-MM-DD. A monthly window begins on day 1 of the month. */
export function windowsOn({ window, zone }: WindowKind, day: string): Window[] {
  if (window === 'month' && !day.endsWith('-01')) return []
  const whole = businessDay(zone, day).window
  if (window === 'day') return [whole]
  if (window === 'hour') {
    const hours = (whole.endMs - whole.startMs) / hourMs
    return Array.from({ length: hours }, (_, hour) => {
      const startMs = whole.startMs + hour * hourMs
      return { startMs, endMs: startMs + hourMs }
    })
  }
  const next = Temporal.PlainDate.from(day).add({ months: 1 }).toString()
  return [{ startMs: whole.startMs, endMs: businessDay(zone, next).window.startMs }]
}

/** Returns the windows that overlap the local days `first` to `last`, both included, in ascending order. */
export function windowsBetween(kind: WindowKind, first: string, last: string): { day: string; window: Window }[] {
  const from = kind.window === 'month' ? `${first.slice(0, 8)}01` : first
  const found: { day: string; window: Window }[] = []
  for (let day = from; day <= last; day = addDays(day, 1)) {
    for (const window of windowsOn(kind, day)) found.push({ day, window })
  }
  return found
}

export function isWindowOf(kind: WindowKind, { startMs, endMs }: Window): boolean {
  if (!isInstant(startMs) || !isInstant(endMs)) return false
  return windowsOn(kind, dayAt(kind.zone, startMs)).some(
    (window) => window.startMs === startMs && window.endMs === endMs,
  )
}

/** Returns true for whole ms within the years 0001 to 9999, the years that ISO 8601 text can hold. */
function isInstant(ms: number): boolean {
  return Number.isSafeInteger(ms) && ms > -62_000_000_000_000 && ms < 253_000_000_000_000
}
