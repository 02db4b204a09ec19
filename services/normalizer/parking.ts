// When a dataset goes past its limit of refusals that are our fault: new code, or a format of upstream's that we do not
// know yet. Then looking at more of it only makes more dead letters. Pure.

/** How much is too much. */
export interface ParkingLimit {
  /** So many refusals without an answer that went well in between. */
  inARow: number
  /** Or more than this share ... */
  share: number
  /** ... of this many answers, the newest ... */
  ofLast: number
  /** ... as soon as there are as many as this. */
  atLeast: number
}

export const parkingLimit: ParkingLimit = { inARow: 20, share: 0.5, ofLast: 200, atLeast: 50 }

/** How a dataset's newest answers went, oldest first: true for a refusal that points at us. */
export type Tally = readonly boolean[]

export const emptyTally: Tally = []

const ourReasons: ReadonlySet<string> = new Set(['schema', 'type', 'step', 'bug'])

/**
 * The tally after one more answer. Refusals that point at upstream (a maintenance page, a rejected request) count for
 * nothing.
 *
 * @param reason why it was refused; undefined when it went well
 */
export function counted(tally: Tally, reason: string | undefined, limit = parkingLimit): Tally {
  if (reason !== undefined && !ourReasons.has(reason)) return tally
  return [...tally, reason !== undefined].slice(-Math.max(limit.ofLast, limit.inARow))
}

/** One sentence that says which limit was passed; undefined when none was. */
export function pastLimit(tally: Tally, limit = parkingLimit): string | undefined {
  const inARow = tally.length - 1 - tally.lastIndexOf(false)
  if (inARow >= limit.inARow) return `${inARow} answers in a row were refused`
  const recent = tally.slice(-limit.ofLast)
  const refused = recent.filter(Boolean).length
  if (recent.length < limit.atLeast || refused <= limit.share * recent.length) return undefined
  return `${refused} of the last ${recent.length} answers were refused`
}
