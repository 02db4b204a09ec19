import type { Dataset, Window } from '#sources/source.ts'

/** live: the search for new windows. requested: poll-requests. background: the past month, and revisits. */
export type Lane = 'live' | 'requested' | 'background'

export interface Candidate {
  identity: string
  dataset: Dataset
  window: Window
  subject: string | null
  lane: Lane
  /** Time until it is due, ms; 0 or less: overdue by that time. */
  dueInMs: number
  /** True if the window never had a good answer. */
  first: boolean
}

/** `nowMs` is UTC, for calendars; `steadyMs` is monotonic. Elapsed times use the larger difference of the two. */
export interface ClockReading {
  nowMs: number
  steadyMs: number
}
