/**
 * An instant (ms UTC) in ISO 8601. A record may hold a number that no calendar has: that number is told instead, so
 * that a report never fails because of it.
 */
export function utcText(ms: number): string {
  const time = new Date(ms)
  return Number.isNaN(time.getTime()) ? `${ms} ms after 1970, which is not a date` : time.toISOString()
}
