/**
 * What a Retry-After header asks for, ms: whole seconds, or an HTTP date less the time of the answer. Undefined when
 * there is none that can be read (RFC 9110, 10.2.3). A date in the past is 0.
 *
 * @param atMs when the answer was made: its own Date header where it has one, because upstream's clock set both
 */
export function retryAfterMs(header: string | undefined, atMs: number): number | undefined {
  const text = header?.trim()
  if (!text) return undefined
  if (/^\d+$/.test(text)) return Number(text) * 1_000
  if (!/^[A-Za-z]/.test(text)) return undefined
  const dateMs = Date.parse(text)
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - atMs)
}
