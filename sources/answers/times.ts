import type { Window } from '../source.ts'

const timePattern = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d(?::?\d\d)?)?$/i

interface TimeText {
  /** The time without fraction and offset, read as UTC, ms: 12:00:00Z for 12:00:00.5+02:00. */
  secondMs: number
  fraction: string
  /** Offset from UTC, ms. Undefined if the text has no offset. */
  aheadMs: number | undefined
}

function readTime(text: string): TimeText | undefined {
  const [, digits, fraction = '', offset] = timePattern.exec(text) ?? []
  if (digits === undefined) return undefined
  const secondMs = Date.parse(`${digits.toUpperCase()}Z`)
  // Date.parse takes 30 February and 24:00:00 for a time of a later day, and gives NaN for other impossible times.
  if (new Date(secondMs).getUTCDate() !== Number(digits.slice(8, 10))) return undefined
  if (offset === undefined) return { secondMs, fraction, aheadMs: undefined }
  const aheadMs = offsetMs(offset)
  return aheadMs === undefined ? undefined : { secondMs, fraction, aheadMs }
}

/** Returns an offset from UTC (Z, ±hh:mm, ±hhmm, ±hh) in ms. Returns undefined for an invalid offset. */
export function offsetMs(offset: string): number | undefined {
  if (offset === 'Z' || offset === 'z') return 0
  const digits = offset.slice(1).replace(':', '').padEnd(4, '0')
  const hours = Number(digits.slice(0, 2))
  const minutes = Number(digits.slice(2))
  if (hours > 23 || minutes > 59) return undefined
  return (offset.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000
}

const fractionMs = (digits: string): number => Number(digits.slice(0, 3).padEnd(3, '0'))

/** Parses a whole second with Z or +00:00 to ms. Returns undefined for anything else, such as a time with +02:00. */
export function utcMs(text: string): number | undefined {
  const time = readTime(text)
  return time?.aheadMs === undefined || time.aheadMs !== 0 || /[^0]/.test(time.fraction) ? undefined : time.secondMs
}

/** Parses JAO's lastModifiedOn, 2026-04-20T07:24:01.43, to ms. Without an offset it is UTC. Undefined if invalid. */
export function parseModifiedMs(value: unknown): number | undefined {
  const time = typeof value === 'string' ? readTime(value) : undefined
  return time === undefined || (time.aheadMs ?? 0) !== 0 ? undefined : time.secondMs + fractionMs(time.fraction)
}

/** Parses a time with an offset, such as 2026-04-20T02:00:00+02:00, to ms. Returns undefined for anything else. */
export function instantMs(value: unknown): number | undefined {
  const time = typeof value === 'string' ? readTime(value) : undefined
  return time?.aheadMs === undefined ? undefined : time.secondMs + fractionMs(time.fraction) - time.aheadMs
}

export const iso = (ms: number): string => new Date(ms).toISOString()

export const showWindow = (window: Window): string => `${iso(window.startMs)} to ${iso(window.endMs)}`
