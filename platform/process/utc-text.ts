/** Formats ms UTC as ISO 8601. Never throws: for a number outside the range of dates, returns the number in words. */
export function utcText(ms: number): string {
  const time = new Date(ms)
  return Number.isNaN(time.getTime()) ? `${ms} ms after 1970, which is not a date` : time.toISOString()
}
