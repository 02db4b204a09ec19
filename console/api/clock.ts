// The clock of the server: that of the browser may be wrong, and a simulated server lives on another day.

let aheadMs = 0

/** What the server's clock shows, ms UTC, as its newest answer said it. Before the first answer: the browser's clock. */
export const nowMs = (): number => Date.now() + aheadMs

interface Said {
  requested?: unknown
  effective?: unknown
}

/** Sets the clock by an answer of the API, if it says what it is as of and is of now. Any other answer changes nothing. */
export function setClockBy(answer: unknown): void {
  const said = answer as (Said & { asOf?: Said }) | null | undefined
  const { requested, effective } = said?.asOf ?? said ?? {}
  const ms = requested === null && typeof effective === 'string' ? Date.parse(effective) : Number.NaN
  if (Number.isFinite(ms)) aheadMs = ms - Date.now()
}
