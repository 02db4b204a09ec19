import type { Dataset, Window } from '#sources/source.ts'

/** `live`: new windows. `requested`: poll-requests. `background`: the past month, and repeated polls. */
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

/** A reading of the clock: `nowMs` is UTC; `steadyMs` is monotonic. The greater difference is the elapsed time. */
export interface ClockReading {
  nowMs: number
  steadyMs: number
}
