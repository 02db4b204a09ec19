// The parameters that several routes have, and what they mean.
import { z } from 'zod'
import { addDays, businessDay, dayAt } from '#core/business-day.ts'
import { readInstantOrDay, readStoreInstant } from '#core/instant.ts'
import { UserError } from '#platform/process/user-error.ts'
import { formats } from '../format.ts'

const instantText = 'an instant with Z or an offset, or a day YYYY-MM-DD, which begins in the zone `tz`'

export const formatParameter = {
  format: z.enum(formats).optional().describe('instead of a suffix of the path (.csv) or the header Accept'),
}

export const spanParameters = {
  from: z.string().max(80).optional().describe(`first instant: ${instantText}`),
  to: z.string().max(80).optional().describe(`end, which is excluded: ${instantText}`),
  tz: z.string().max(64).optional().describe('IANA zone of days, such as Europe/Brussels. Default: UTC'),
}

export const atParameter = {
  at: z.string().max(80).optional().describe('as it was known at this instant, with Z or an offset. Default: now'),
}

export const pageParameters = {
  limit: z.coerce.number().int().min(1).max(10_000).default(1_000).describe('rows of a page'),
  cursor: z.string().max(2_000).optional().describe('`next` of the page before'),
}

export interface SpanQuery {
  from?: string | undefined
  to?: string | undefined
  tz?: string | undefined
}

/** Reads `from` and `to`, ms UTC; undefined where they are absent. @throws UserError that names the parameter */
export function readSpan({ from, to, tz }: SpanQuery): { fromMs: number | undefined; toMs: number | undefined } {
  const zone = readZone(tz) ?? 'UTC'
  const fromMs = from === undefined ? undefined : instantOrDay(from, 'from', zone)
  const toMs = to === undefined ? undefined : instantOrDay(to, 'to', zone)
  if (fromMs !== undefined && toMs !== undefined && fromMs >= toMs)
    throw new UserError('`to` must be after `from`: the span is [from, to).')
  return { fromMs, toMs }
}

/** Returns `readSpan`, with the days from a week ago to the end of the day after tomorrow where parts are absent. */
export function spanOrWeek(query: SpanQuery, nowMs: number): { fromMs: number; toMs: number } {
  const zone = readZone(query.tz) ?? 'UTC'
  const { fromMs, toMs } = readSpan(query)
  const today = dayAt(zone, nowMs)
  const endMs = toMs ?? businessDay(zone, addDays(today, 2)).window.endMs
  const beginMs =
    fromMs ?? businessDay(zone, addDays(toMs === undefined ? today : dayAt(zone, toMs - 1), -7)).window.startMs
  if (beginMs >= endMs) throw new UserError('`to` must be after `from`: name both.')
  return { fromMs: beginMs, toMs: endMs }
}

/** @throws UserError if there is no such zone */
export function readZone(zone: string | undefined): string | null {
  if (zone === undefined) return null
  try {
    // Intl knows offsets such as +05:00, too. The store does not.
    if (/^[A-Za-z]/.test(zone)) return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone
  } catch {
    // The error is thrown below.
  }
  throw new UserError('`tz` is not a time zone: write it like Europe/Brussels, or leave it out for UTC.')
}

/** Reads an instant, ms UTC; null where it is absent. A day begins at midnight UTC. @throws UserError that names it */
export const readAt = (at: string | undefined, name = 'at'): number | null =>
  at === undefined ? null : readInstantOrDay(at, `\`${name}\``)

function instantOrDay(text: string, name: string, zone: string): number {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return readStoreInstant(text, `\`${name}\``)
  try {
    const { startMs } = businessDay(zone, text).window
    return readStoreInstant(new Date(startMs).toISOString(), `\`${name}\``)
  } catch (error) {
    if (error instanceof UserError) throw error
    throw new UserError(`\`${name}\` is not a day that exists: write it as YYYY-MM-DD.`)
  }
}
