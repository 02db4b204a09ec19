import type { PollMemory } from '#schemas/generated/records.ts'
import type { Coverage } from '#sources/source.ts'
import { emptinessAfter } from './confirm-empty.ts'

/** What came of a poll. */
export type Outcome = 'changed' | 'unchanged' | 'empty' | 'emptied' | 'refused' | 'unreadable' | 'failed'

/** A good answer: its status is meaningful and its bytes are all there. */
export interface GoodAnswer {
  contentHash: string
  etag: string | null
  lastModified: string | null
}

/** What a poll comes to, and what is to be remembered. */
export interface Judgement {
  outcome: Outcome
  memory: PollMemory
}

/** Whether an answer goes to raw: exactly when its bytes are others than those of the newest good answer. */
export function isNewAnswer(memory: PollMemory, contentHash: string): boolean {
  return memory.lastGoodHash !== contentHash
}

/**
 * When an answer was learned, ms UTC: when its last byte arrived, and at least 1 ms after the newest good answer of the
 * same identity, whatever the clock did since.
 */
export function knownAtMs(memory: PollMemory, lastByteAtMs: number): number {
  return Math.max(lastByteAtMs, (memory.lastGoodFetchedAt ?? Number.NEGATIVE_INFINITY) + 1)
}

/** A poll without a good answer: all that was known stays, one more failure. */
export function judgeFailure(memory: PollMemory): Judgement {
  return { outcome: 'failed', memory: { ...memory, failures: memory.failures + 1 } }
}

/** Upstream says that nothing changed (304). Only asked for when the newest good answer had rows. */
export function judgeNotModified(memory: PollMemory, knownAt: number): Judgement {
  return { outcome: 'unchanged', memory: { ...memory, lastGoodFetchedAt: knownAt, failures: 0 } }
}

/**
 * A good answer.
 *
 * @param coverage what the source says of it; undefined when assess() threw
 * @param knownAt its known_at, ms
 * @param isNew whether it goes to raw
 * @param confirms whether it goes there as one that confirms that the window was emptied
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
      // Without rows nothing is kept to compare with: the next poll must see the bytes, a 304 would hide what they say.
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
 * An answer that counts the rows of a window which come in pages. What they say is not known yet: a window that was
 * complete is partial until they are.
 *
 * @param isKept whether it goes to raw: exactly when the number is another, or when it confirms that there are none
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

function outcomeOf(coverage: Coverage | undefined, isNew: boolean, hadRows: boolean): Outcome {
  if (coverage === undefined) return 'unreadable'
  if (coverage === 'refused') return 'refused'
  if (coverage === 'empty') return hadRows ? 'emptied' : 'empty'
  return isNew ? 'changed' : 'unchanged'
}
