// Decides which of two memories of a request identity counts, and how much of it is trusted. All functions are pure.
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

/** A clock may step back by this much, ms, and known_at still grows from answer to answer. */
const maxStepBackMs = 24 * 60 * 60 * 1_000

/** 7 February 2106, ms UTC: the first known_at that the store cannot hold (migration 0001). */
export const storeEndsAtMs = 2 ** 32 * 1_000

/**
 * Returns a memory that later answers may build on. A last-good time more than a day ahead comes from a wrong clock:
 * the time of the newest answer in raw replaces it. That time is kept even if it is ahead too, because the store shows
 * the greatest known_at. If the store cannot hold it, only `hadRows` is kept.
 */
export function trustedMemory(memory: PollMemory, nowMs: number): PollMemory {
  const { lastGoodFetchedAt, lastChangedAt, hadRows } = memory
  if (lastGoodFetchedAt === null || !isFarAhead(memory, nowMs)) return memory
  if (lastChangedAt === null || lastChangedAt >= storeEndsAtMs) return { ...noMemory, hadRows }
  // The time when the window turned empty is wrong too. The next empty answer counts as the first one.
  return { ...memory, lastGoodFetchedAt: Math.min(lastChangedAt, lastGoodFetchedAt), emptySince: null }
}

export const isFarAhead = ({ lastGoodFetchedAt }: PollMemory, nowMs: number): boolean =>
  lastGoodFetchedAt !== null && lastGoodFetchedAt > nowMs + maxStepBackMs

/**
 * Returns true if `memory` is newer than `held`. Ignores offsets, because a slow second poller writes old memory late.
 */
export function supersedes(memory: PollMemory, held: PollMemory): boolean {
  const goodAt = memory.lastGoodFetchedAt ?? Number.NEGATIVE_INFINITY
  const heldGoodAt = held.lastGoodFetchedAt ?? Number.NEGATIVE_INFINITY
  return goodAt === heldGoodAt ? memory.failures > held.failures : goodAt > heldGoodAt
}
