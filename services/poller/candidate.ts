import type { Dataset, Window } from '#sources/source.ts'

/** live: the search for what is new alone. requested: somebody asked. background: the past month, and looking again. */
export type Lane = 'live' | 'requested' | 'background'

/** A window that is, or will be, to be polled. */
export interface Candidate {
  identity: string
  dataset: Dataset
  window: Window
  /** What is asked for beside the window; null: nothing. */
  subject: string | null
  lane: Lane
  /** Until it is due, ms; 0 or less: due, and for how long. */
  dueInMs: number
  /** Whether it would be the first good answer of this window. */
  first: boolean
}

/**
 * Now twice: `nowMs` is the clock's UTC time and decides what the calendar says; `steadyMs` only ever runs forwards at
 * the clock's speed. What is measured since a poll is the longer of the two, so that a clock that steps back delays nothing.
 */
export interface ClockReading {
  nowMs: number
  steadyMs: number
}
