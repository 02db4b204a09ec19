import type { Dataset, Window } from '#sources/source.ts'

/**
 * `live`: searched new windows. `requested`: poll-requests. `background`: the past month, and repeated polls of past
 * windows.
 */
export type Lane = 'live' | 'requested' | 'background'

export interface Candidate {
  identity: string
  dataset: Dataset
  window: Window
  subject: string | null
  lane: Lane
  /** Time until the window is due, ms. A negative number says for how long it has been due. */
  dueInMs: number
  /** True if the window never had a good answer. */
  first: boolean
}

/**
 * One reading of the clock. `nowMs` is UTC, for calendars. `steadyMs` is monotonic time. The elapsed time between two
 * readings is the larger of the two differences.
 */
export interface ClockReading {
  nowMs: number
  steadyMs: number
}
