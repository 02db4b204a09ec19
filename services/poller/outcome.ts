import type { PollMemory } from '#schemas/generated/records.ts'
import type { Coverage } from '#sources/source.ts'
import { emptinessAfter } from './confirm-empty.ts'

export type Outcome = 'changed' | 'unchanged' | 'empty' | 'emptied' | 'refused' | 'unreadable' | 'failed'

export interface GoodAnswer {
  contentHash: string
  etag: string | null
  lastModified: string | null
}

export interface Judgement {
  outcome: Outcome
  memory: PollMemory
}

export function isNewAnswer(memory: PollMemory, contentHash: string): boolean {
  return memory.lastGoodHash !== contentHash
}

/** Returns an answer's known_at, ms UTC: when the last byte arrived, but at least 1 ms after the last good answer. */
export function knownAtMs(memory: PollMemory, lastByteAtMs: number): number {
  return Math.max(lastByteAtMs, (memory.lastGoodFetchedAt ?? Number.NEGATIVE_INFINITY) + 1)
}

export function judgeFailure(memory: PollMemory): Judgement {
  return { outcome: 'failed', memory: { ...memory, failures: memory.failures + 1 } }
}

/** Judges a 304 (not modified). The last good answer had rows: otherwise the request has no ETag or Last-Modified. */
export function judgeNotModified(memory: PollMemory, knownAt: number): Judgement {
  return { outcome: 'unchanged', memory: { ...memory, lastGoodFetchedAt: knownAt, failures: 0 } }
}

/**
 * @param coverage the result of assess(); undefined if it threw
 * @param isNew true if the answer is written to raw
 * @param confirms true if the answer confirms that the window was emptied
 */
export function judgeAnswer(
  memory: PollMemory,
  answer: GoodAnswer,
  coverage: Coverage | undefined,
  knownAt: number,
  isNew = isNewAnswer(memory, answer.contentHash),
  confirms = false,
): Judgement {
  const hasRows = coverage === 'complete' || coverage === 'partial'
  return {
    outcome: outcomeOf(coverage, isNew, memory.hadRows),
    memory: {
      lastGoodFetchedAt: knownAt,
      lastGoodHash: answer.contentHash,
      // After an answer without rows, the next poll must get the bytes again and not a 304 (not modified).
      etag: hasRows ? answer.etag : null,
      lastModified: hasRows ? answer.lastModified : null,
      lastChangedAt: isNew ? knownAt : memory.lastChangedAt,
      completeness: coverage ?? memory.completeness,
      hadRows: memory.hadRows || hasRows,
      failures: 0,
      ...emptinessAfter(memory, coverage, knownAt, confirms),
      countedRows: null,
    },
  }
}

/**
 * Judges an answer that states the row count of a window in pages. A window that was complete counts as partial until
 * its pages are read.
 */
export function judgeCount(
  memory: PollMemory,
  rows: number,
  knownAt: number,
  isKept: boolean,
  confirms: boolean,
): Judgement {
  const coverage = rows > 0 ? 'partial' : 'empty'
  return {
    outcome: outcomeOf(coverage, isKept, memory.hadRows),
    memory: {
      ...memory,
      lastGoodFetchedAt: knownAt,
      lastChangedAt: isKept ? knownAt : memory.lastChangedAt,
      completeness: rows > 0 ? memory.completeness && coverage : coverage,
      hadRows: memory.hadRows || rows > 0,
      failures: 0,
      ...emptinessAfter(memory, coverage, knownAt, confirms),
      countedRows: rows,
    },
  }
}

/**
 * Returns whether a poll changes what is known of its window: the first poll of the identity, an answer in raw, a failed
 * poll, the first good poll after failures, another completeness, or a confirmed emptiness. Pure.
 * @param before what was known before this poll; undefined if nothing was, because the identity was never polled
 * @param isKept true if an answer of this poll is written to raw
 */
export function changesState(before: PollMemory | undefined, after: PollMemory, isKept: boolean): boolean {
  if (before === undefined || isKept) return true
  // A failure has its own status and words, so each one is a change.
  if (after.failures > 0 || before.failures > 0) return true
  return (
    // The window's own answer may be as before while one of its pages went to raw.
    before.lastChangedAt !== after.lastChangedAt ||
    before.completeness !== after.completeness ||
    before.emptyConfirmed !== after.emptyConfirmed
  )
}

function outcomeOf(coverage: Coverage | undefined, isNew: boolean, hadRows: boolean): Outcome {
  if (coverage === undefined) return 'unreadable'
  if (coverage === 'refused') return 'refused'
  if (coverage === 'empty') return hadRows ? 'emptied' : 'empty'
  return isNew ? 'changed' : 'unchanged'
}
