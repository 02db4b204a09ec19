// Instants in the zone of a reader. All functions are pure; instants are ms UTC, days are YYYY-MM-DD.

const hourMs = 3_600_000
const dayMs = 24 * hourMs

const formats = new Map<string, Intl.DateTimeFormat>()

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone)
  if (known !== undefined) return known
  const made = new Intl.DateTimeFormat('en-GB', {
    ...{ timeZone: zone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit' },
    ...{ hour: '2-digit', minute: '2-digit', second: '2-digit' },
  })
  formats.set(zone, made)
  return made
}

/** Returns what a clock in the zone shows, as if it were UTC, ms. */
export function clockMs(ms: number, zone: string): number {
  if (zone === 'UTC') return ms
  const parts = Object.fromEntries(
    formatOf(zone)
      .formatToParts(ms)
      .map(({ type, value }) => [type, Number(value)]),
  )
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts
  return Date.UTC(year, month - 1, day, hour, minute, second) + (((ms % 1_000) + 1_000) % 1_000)
}

/** Returns the day that a calendar in the zone shows. */
export const dayAt = (ms: number, zone: string): string => new Date(clockMs(ms, zone)).toISOString().slice(0, 10)

export const addDays = (day: string, count: number): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) + count * dayMs).toISOString().slice(0, 10)

/** Returns the first instant at which a clock in the zone shows `wanted`, a time as if it were UTC, ms. */
export function fromClock(wanted: number, zone: string): number {
  // No zone is further from UTC than 15 hours, and its offset changes at most by hours: twice is enough.
  let ms = wanted - (clockMs(wanted, zone) - wanted)
  ms = wanted - (clockMs(ms, zone) - ms)
  const before = ms - hourMs
  if (clockMs(before, zone) === wanted) return before
  // The clock jumps over the wanted time: the first instant after the jump.
  return ms + Math.max(0, wanted - clockMs(ms, zone))
}

/** Returns when a day begins in the zone: its first instant. */
export const dayStart = (day: string, zone: string): number => fromClock(Date.parse(`${day}T00:00:00Z`), zone)

/** Returns true if clocks in the zone showed the same time an hour or half an hour before: the second 02:00 of a day. */
export const isSecondHour = (ms: number, zone: string): boolean =>
  [hourMs, hourMs / 2].some((earlierMs) => clockMs(ms - earlierMs, zone) === clockMs(ms, zone))

/** HH:MM in the zone; with a B in the hour that occurs a second time. */
export const timeText = (ms: number, zone: string): string =>
  `${new Date(clockMs(ms, zone)).toISOString().slice(11, 16)}${isSecondHour(ms, zone) ? 'B' : ''}`

/** YYYY-MM-DD HH:MM in the zone. */
export const minuteText = (ms: number, zone: string): string => `${dayAt(ms, zone)} ${timeText(ms, zone)}`

/** YYYY-MM-DD HH:MM:SS in the zone. */
export const secondText = (ms: number, zone: string): string =>
  `${minuteText(ms, zone)}:${new Date(clockMs(ms, zone)).toISOString().slice(17, 19)}`

/** A text of `minuteText` or `secondText`, without its day if that is the day of another instant, which is named already. */
export const withoutDay = (text: string, otherMs: number, zone: string): string =>
  text.startsWith(`${dayAt(otherMs, zone)} `) ? text.slice(11) : text

/** The hours between two instants in the zone, each with its first instant. A day has 23, 24 or 25. */
export function hoursBetween(fromMs: number, toMs: number): number[] {
  const first = Math.ceil(fromMs / hourMs) * hourMs
  return Array.from({ length: Math.max(0, Math.ceil((toMs - first) / hourMs)) }, (_, count) => first + count * hourMs)
}

/** How many hours a day has in the zone. */
export const hoursOfDay = (day: string, zone: string): number =>
  (dayStart(addDays(day, 1), zone) - dayStart(day, zone)) / hourMs

/** How long ago or ahead, in one unit: `3 min ago`, `in 2 h`. */
export function agoText(ms: number, nowMs: number): string {
  const seconds = Math.abs(nowMs - ms) / 1_000
  const text =
    seconds < 90
      ? `${Math.round(seconds)} s`
      : seconds < 5_400
        ? `${Math.round(seconds / 60)} min`
        : seconds < 172_800
          ? `${Math.round(seconds / 3_600)} h`
          : `${Math.round(seconds / 86_400)} d`
  return ms > nowMs ? `in ${text}` : `${text} ago`
}
