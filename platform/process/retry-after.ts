import type { IncomingHttpHeaders } from 'node:http'

/** Parses a Retry-After header (RFC 9110 10.2.3) to ms; undefined if invalid. `atMs`: the response's Date, ms UTC. */
export function retryAfterMs(header: string | undefined, atMs: number): number | undefined {
  const text = header?.trim()
  if (!text) return undefined
  if (/^\d+$/.test(text)) return Number(text) * 1_000
  if (!/^[A-Za-z]/.test(text)) return undefined
  const dateMs = Date.parse(text)
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - atMs)
}

/**
 * Returns the longest wait, ms, that the Retry-After headers of a response ask for. A date counts from the response's Date,
 * or from now if it has none. Undefined if there is no valid Retry-After.
 */
export function longestRetryAfterMs(headers: IncomingHttpHeaders): number | undefined {
  const dateMs = Date.parse([headers.date].flat().join(', '))
  const answeredAtMs = Number.isNaN(dateMs) ? Date.now() : dateMs
  const asked: (string | undefined)[] = [headers['retry-after']].flat()
  const waits = asked.map((header) => retryAfterMs(header, answeredAtMs)).filter((ms) => ms !== undefined)
  return waits.length === 0 ? undefined : Math.max(...waits)
}
