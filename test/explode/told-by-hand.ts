// Bodies and what a person reads in them, written down side by side. Nothing here is reckoned: a bug of the code cannot
// be in it, too.

/** What an answer says, by a person who read it. */
export interface Told {
  /** Every key that has values, with how many of them are not null. */
  values: Record<string, number>
  /** Some of them: key, time (UTC), value. */
  points: [key: string, time: string, value: number | null][]
  /** Unit of a key, flags of all slices. */
  unit?: [key: string, unit: string]
  flags?: string[]
  /** Upstream's time of modification of all slices. */
  modified?: string
  /** Records of topics of the source's own: topic, and some of its fields. */
  records?: [topic: string, fields: Record<string, unknown>][]
}

/** The business day 2026-04-21 in Brussels. */
export const day = { startMs: Date.parse('2026-04-20T22:00:00Z'), endMs: Date.parse('2026-04-21T22:00:00Z') }
