import { printable } from '#platform/process/printable.ts'
import { UserError } from '#platform/process/user-error.ts'

/** End of the times that are accepted, ms UTC. ClickHouse's DateTime has 32-bit seconds and cannot hold later times. */
const latestMs = 2 ** 32 * 1_000

/**
 * Parses a date and time with `Z`, an offset, or a zone in brackets such as [Europe/Brussels]. Returns ms UTC.
 * @throws UserError if the text is invalid, or ambiguous because the hour occurs twice
 */
export function readInstant(text: string, what: string): number {
  const said = `${what} ${printable(text.slice(0, 60))}`
  const zone = /\[([^\]]+)\]$/.exec(text)?.[1]
  const ms = zone === undefined ? offsetMs(text) : zonedMs(text)
  if (ms === undefined) {
    const why = zone === undefined ? '' : ': not in that zone, or not with that offset, or there twice'
    throw new UserError(
      `${said} is not an instant${why}. Write it with its offset: 2026-10-25T02:00+02:00, or ...Z for UTC.`,
    )
  }
  if (ms < 0 || ms >= latestMs) throw new UserError(`${said} is outside of what can be stored, 1970 to 2106.`)
  return ms
}

/** Like `readInstant`. Also accepts times as `query` prints them, which are UTC: 2026-11-26 20:00:00. */
export const readStoreInstant = (text: string, what: string): number =>
  readInstant(/^\d{4}-\d{2}-\d{2} \d{2}:\d{2}(:\d{2}(\.\d+)?)?$/.test(text) ? `${text.replace(' ', 'T')}Z` : text, what)

/** Like `readStoreInstant`. Also accepts a day YYYY-MM-DD, which means midnight UTC. */
export const readInstantOrDay = (text: string, what: string): number =>
  readStoreInstant(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00Z` : text, what)

function offsetMs(text: string): number | undefined {
  try {
    return Temporal.Instant.from(text).epochMilliseconds
  } catch {
    return undefined
  }
}

function zonedMs(text: string): number | undefined {
  try {
    return Temporal.ZonedDateTime.from(text, { offset: 'reject', disambiguation: 'reject' }).epochMilliseconds
  } catch {
    return undefined
  }
}
