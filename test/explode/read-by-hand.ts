// Expected values that a person has read in a body. No code computes them, so a bug of the code cannot hide here.
import type { FlaggedPoint } from '../support/flagged-points.ts'

export interface ReadByHand {
  /** Number of values per key that are not null. */
  values: Record<string, number>
  points: [key: string, time: string, value: number | null][]
  /** The unit of one key. */
  unit?: [key: string, unit: string]
  /** The flags of all slices. */
  flags?: string[]
  /** All points that have the flag of a check. Default: none has. */
  flagged?: FlaggedPoint[]
  modified?: string
  records?: [topic: string, fields: Record<string, unknown>][]
}

/** The business day 2026-04-21 in Brussels. */
export const day = { startMs: Date.parse('2026-04-20T22:00:00Z'), endMs: Date.parse('2026-04-21T22:00:00Z') }
