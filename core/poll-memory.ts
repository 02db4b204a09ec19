// Which of two memories of a request identity counts, and what of each is believed. All of this is pure.
import type { PollMemory } from '#schemas/generated/records.ts'

/** A request identity that was never asked. */
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

/** A clock may step back so far, ms, and each answer is still known after the one before. */
const maxStepBackMs = 24 * 60 * 60 * 1_000

/** From 7 February 2106 on the store takes no known_at (migration 0001), ms. */
export const storeEndsAtMs = 2 ** 32 * 1_000

/**
 * A memory with a last-good time that may be built upon: as it is, unless that lies more than a day ahead of the clock.
 * Then some clock ran ahead once, and every later answer would inherit its time. The newest answer in raw takes its
 * place, however far ahead: the store shows the greatest known_at, so an answer known before it would never be seen,
 * which is worse than one known too late. An answer beyond what the store takes is in nobody's way: all is forgotten
 * but that there were rows, and the next answer is a first one. Pure.
 */
export function believed(memory: PollMemory, nowMs: number): PollMemory {
  const { lastGoodFetchedAt, lastChangedAt, hadRows } = memory
  if (lastGoodFetchedAt === null || !isAhead(memory, nowMs)) return memory
  if (lastChangedAt === null || lastChangedAt >= storeEndsAtMs) return { ...noMemory, hadRows }
  // No clock can have shown when it turned empty: the next empty answer is a first one.
  return { ...memory, lastGoodFetchedAt: Math.min(lastChangedAt, lastGoodFetchedAt), emptySince: null }
}

/** Whether the last-good time lies so far ahead that no clock which stepped back explains it. */
export const isAhead = ({ lastGoodFetchedAt }: PollMemory, nowMs: number): boolean =>
  lastGoodFetchedAt !== null && lastGoodFetchedAt > nowMs + maxStepBackMs

/**
 * Whether a memory is newer than the one held. The greatest last-good time wins, not the greatest offset: a second
 * poller that was slow writes old memory late. Between two good answers failures only grow.
 */
export function supersedes(memory: PollMemory, held: PollMemory): boolean {
  const goodAt = memory.lastGoodFetchedAt ?? Number.NEGATIVE_INFINITY
  const heldGoodAt = held.lastGoodFetchedAt ?? Number.NEGATIVE_INFINITY
  return goodAt === heldGoodAt ? memory.failures > held.failures : goodAt > heldGoodAt
}
