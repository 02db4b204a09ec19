// Limits the rate of a replay. Live data queue behind the replay in the same partition and must be stored within 1 s.

import { pause } from '#platform/process/retry.ts'
import { slowNotice } from '#platform/process/slow-notice.ts'

export interface PaceOptions {
  /** Returns the number of slices that the sink has not stored yet: live ones and those of the replay. */
  lag: () => Promise<number>
  /** Maximum rate, answers/s; undefined: only the sink's queue limits the rate. */
  answersPerS?: number | undefined
  say: (text: string) => void
}

export interface Pace {
  before: (answers: number) => Promise<void>
}

// Longest queue before the sink, s. Live data must be stored within 1 s, which includes their wait in this queue.
const maxQueueS = 0.5
const minSlices = 1_000
const maxSlices = 12_000
const lookEveryMs = 15

export function createPace({ lag, answersPerS, say }: PaceOptions): Pace {
  let slicesPerS = minSlices / maxQueueS
  let freeAtMs = performance.now()
  return {
    before: async (answers) => {
      const waiting = slowNotice(say)
      for (let seen: { lag: number; atMs: number } | undefined; ; await pause(lookEveryMs)) {
        const now = { lag: await lag(), atMs: performance.now() }
        if (now.lag <= queueLimit(slicesPerS)) break
        waiting(`waiting for the sink, which has ${now.lag} slices to store`)
        if (seen && seen.lag > now.lag) slicesPerS = drainRate(slicesPerS, seen, now)
        if (!seen || seen.lag > now.lag) seen = now
      }
      if (answersPerS === undefined) return
      await pause(Math.max(0, freeAtMs - performance.now()))
      freeAtMs = Math.max(freeAtMs, performance.now()) + (answers / answersPerS) * 1_000
    },
  }
}

export const queueLimit = (slicesPerS: number): number =>
  Math.min(maxSlices, Math.max(minSlices, slicesPerS * maxQueueS))

/** Estimates the sink's rate anew, slices/s. `from` and `to` measure the sink's queue, without inserts in between. */
export function drainRate(
  before: number,
  from: { lag: number; atMs: number },
  to: { lag: number; atMs: number },
): number {
  const measured = ((from.lag - to.lag) / Math.max(1, to.atMs - from.atMs)) * 1_000
  return before * 0.5 + measured * 0.5
}
