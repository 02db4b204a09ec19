import type { Dataset, Window } from '#sources/source.ts'

/** The lane of a poll. `live`: new windows. `requested`: poll-requests. `background`: past windows. */
export type Lane = 'live' | 'requested' | 'background'

export interface Candidate {
  identity: string
  dataset: Dataset
  window: Window
  selector: string | null
  lane: Lane
  /** Time until the window is due, ms. A negative number says for how long it has been due. */
  dueInMs: number
  /** True: the request identity never had a good answer. */
  first: boolean
}
