/** Formats ms UTC as ISO 8601. Never throws: a number that is not a date is printed as such. */
export function utcText(ms: number): string {
  const time = new Date(ms)
  return Number.isNaN(time.getTime()) ? `${ms} ms after 1970, which is not a date` : time.toISOString()
}
