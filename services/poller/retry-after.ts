/** Parses a Retry-After header (RFC 9110 10.2.3) to ms; undefined if invalid. `atMs`: the response's Date, ms UTC. */
export function retryAfterMs(header: string | undefined, atMs: number): number | undefined {
  const text = header?.trim()
  if (!text) return undefined
  if (/^\d+$/.test(text)) return Number(text) * 1_000
  if (!/^[A-Za-z]/.test(text)) return undefined
  const dateMs = Date.parse(text)
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - atMs)
}
