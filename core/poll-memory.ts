// Functions on a PollMemory, which is what the pollers know of one request identity. All functions are pure.
import type { PollMemory } from '#schemas/generated/records.ts'

export const noMemory: PollMemory = {
  lastGoodFetchedAt: null,
  lastGoodHash: null,
  etag: null,
  lastModified: null,
  lastChangedAt: null,
  completeness: null,
  hadRows: false,
  failures: 0,
  emptySince: null,
  emptyConfirmed: false,
  countedRows: null,
}

/** Maximum time that `lastGoodFetchedAt` may be ahead of the clock, ms. A greater lead comes from a wrong clock. */
const maxStepBackMs = 24 * 60 * 60 * 1_000

/** 7 February 2106, ms UTC: the first known_at that is too large for the store's column (migration 0001). */
export const storeEndsAtMs = 2 ** 32 * 1_000

/**
 * Returns the memory that later answers may build on, usually `memory` itself. If `lastGoodFetchedAt` is more than a
 * day ahead of `nowMs`, a wrong clock set it. Then `lastChangedAt`, the time of the newest answer in raw, replaces it.
 * That time is used even if it is ahead too: the store shows the greatest known_at, so later answers must exceed it. If
 * `lastChangedAt` is null, or too great for the store, only `hadRows` is kept.
 */
export function trustedMemory(memory: PollMemory, nowMs: number): PollMemory {
  const { lastGoodFetchedAt, lastChangedAt, hadRows } = memory
  if (lastGoodFetchedAt === null || !isFarAhead(memory, nowMs)) return memory
  if (lastChangedAt === null || lastChangedAt >= storeEndsAtMs) return { ...noMemory, hadRows }
  // `emptySince` is wrong too. With null, the next empty answer counts as the first empty answer.
  return { ...memory, lastGoodFetchedAt: Math.min(lastChangedAt, lastGoodFetchedAt), emptySince: null }
}

export const isFarAhead = ({ lastGoodFetchedAt }: PollMemory, nowMs: number): boolean =>
  lastGoodFetchedAt !== null && lastGoodFetchedAt > nowMs + maxStepBackMs

/**
 * Returns true if `memory` is newer than `held`: it has a later good answer, or the same good answer and more failures.
 * The order of records does not decide, because a slow second poller may write old memory late.
 */
export function supersedes(memory: PollMemory, held: PollMemory): boolean {
  const goodAt = memory.lastGoodFetchedAt ?? Number.NEGATIVE_INFINITY
  const heldGoodAt = held.lastGoodFetchedAt ?? Number.NEGATIVE_INFINITY
  return goodAt === heldGoodAt ? memory.failures > held.failures : goodAt > heldGoodAt
}
