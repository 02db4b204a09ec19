import type { Window } from '../source.ts'

// A date and a time of RFC 3339; the offset also as ISO 8601 shortens it, +0000 and +00.
const timePattern = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d(?::?\d\d)?)?$/i

interface TimeText {
  /** Its digits to the second, taken for UTC. */
  secondMs: number
  fraction: string
  /** How far the digits are ahead of UTC; undefined where no offset is said. Z, +00:00, -00:00, +0000 and +00 are 0. */
  aheadMs: number | undefined
}

/** What a time text says; undefined where it is none, an impossible date or offset included. */
function readTime(text: string): TimeText | undefined {
  const [, digits, fraction = '', offset] = timePattern.exec(text) ?? []
  if (digits === undefined) return undefined
  const time = digits.toUpperCase()
  const secondMs = Date.parse(`${time}Z`)
  if (Number.isNaN(secondMs) || new Date(secondMs).toISOString().slice(0, 19) !== time) return undefined
  if (offset === undefined) return { secondMs, fraction, aheadMs: undefined }
  const aheadMs = offsetMs(offset)
  return aheadMs === undefined ? undefined : { secondMs, fraction, aheadMs }
}

/** Milliseconds that an offset is ahead of UTC: Z, ±hh:mm, ±hhmm, ±hh; undefined for an impossible one. */
export function offsetMs(offset: string): number | undefined {
  if (offset === 'Z' || offset === 'z') return 0
  const digits = offset.slice(1).replace(':', '').padEnd(4, '0')
  const hours = Number(digits.slice(0, 2))
  const minutes = Number(digits.slice(2))
  if (hours > 23 || minutes > 59) return undefined
  return (offset.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000
}

const fractionMs = (digits: string): number => Number(digits.slice(0, 3).padEnd(3, '0'))

/**
 * Milliseconds of a text that is a whole second of UTC and says so: Z, or the same as an offset, +00:00. Undefined for
 * everything else, also for a time with another offset: who calls a field UTC and writes local times may mean either.
 */
export function utcMs(text: string): number | undefined {
  const time = readTime(text)
  return time?.aheadMs === undefined || time.aheadMs !== 0 || /[^0]/.test(time.fraction) ? undefined : time.secondMs
}

/**
 * Milliseconds of JAO's lastModifiedOn, whole ones; undefined where it cannot be read. It is UTC mostly without saying so,
 * with whatever fraction digits are no zeros: 2026-04-20T07:24:01.43.
 */
export function modifiedMs(value: unknown): number | undefined {
  const time = typeof value === 'string' ? readTime(value) : undefined
  return time === undefined || (time.aheadMs ?? 0) !== 0 ? undefined : time.secondMs + fractionMs(time.fraction)
}

/** Milliseconds of a time with an offset, whichever it is, whole ones; undefined where it is none. */
export function instantMs(value: unknown): number | undefined {
  const time = typeof value === 'string' ? readTime(value) : undefined
  return time?.aheadMs === undefined ? undefined : time.secondMs + fractionMs(time.fraction) - time.aheadMs
}

export const iso = (ms: number): string => new Date(ms).toISOString()

export const showWindow = (window: Window): string => `${iso(window.startMs)} to ${iso(window.endMs)}`
