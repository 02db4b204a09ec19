// How fast a replay may write: live data wait behind it in the same partition, and must not wait for a second.

import { pause } from '#platform/process/retry.ts'
import { slowNotice } from '#platform/process/slow-notice.ts'

export interface PaceOptions {
  /** Slices that the sink has not stored yet, the replay's and live ones. */
  lag: () => Promise<number>
  /** Answers a second at the most; undefined: as fast as the sink stores. */
  answersPerS?: number | undefined
  /** Told when it waits for long. */
  say: (text: string) => void
}

export interface Pace {
  /** Returns when so many answers may be written. */
  before: (answers: number) => Promise<void>
}

// What the sink has before it is stored in half a second; the other half is for what was just sent.
const maxQueueS = 0.5
const minSlices = 1_000
const maxSlices = 12_000
const lookEveryMs = 15

/** Lets a replay write while the queue before the sink is short; how short follows from how fast the sink stores. */
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

/** Slices that may wait before the sink when it stores so many a second. */
export const queueLimit = (slicesPerS: number): number =>
  Math.min(maxSlices, Math.max(minSlices, slicesPerS * maxQueueS))

/** A new estimate of what the sink stores a second, from two looks at its queue between which nothing was added. */
export function drainRate(
  before: number,
  from: { lag: number; atMs: number },
  to: { lag: number; atMs: number },
): number {
  const measured = ((from.lag - to.lag) / Math.max(1, to.atMs - from.atMs)) * 1_000
  return before * 0.5 + measured * 0.5
}
