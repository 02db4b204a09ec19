import { deadLetterHeaders } from './dead-letter.ts'
import type { ProducerRecord } from './producer-record.ts'

/** What somebody did with a dead letter. It lies on the letter's topic and partition, behind it: no value, all in the headers. */
export interface DeadLetterResolution {
  decision: 'requeued' | 'dropped'
  /** Offset of the letter, in the decision's own partition. */
  offset: number
  by: string
  why: string
  /** Ms UTC. */
  atMs: number
}

/** Headers of a decision; all text. `tidemark-letter` is the letter's `partition/offset`. */
export const decisionHeaders = {
  decision: 'tidemark-decision',
  letter: 'tidemark-letter',
  by: 'tidemark-by',
  why: 'tidemark-why',
  time: deadLetterHeaders.time,
} as const

/** The record of a decision on a letter with this key and partition. */
export function resolutionRecord(
  letter: { key: Buffer | null; partition: number },
  decision: DeadLetterResolution,
): ProducerRecord {
  const { partition, key } = letter
  return {
    key,
    value: null,
    partition,
    headers: {
      [decisionHeaders.decision]: decision.decision,
      [decisionHeaders.letter]: `${partition}/${decision.offset}`,
      [decisionHeaders.by]: decision.by,
      [decisionHeaders.why]: decision.why,
      [decisionHeaders.time]: new Date(decision.atMs).toISOString(),
    },
  }
}

/**
 * The decision that a record of a dead-letter topic is; undefined for a letter. A letter keeps the headers of the refused
 * message, whatever they are: what has a reason is a letter.
 */
export function decisionOf(record: {
  partition: number
  value: Buffer | null
  headers: Readonly<Record<string, Buffer>>
}): DeadLetterResolution | undefined {
  const text = (name: string): string => record.headers[name]?.toString() ?? ''
  const decision = text(decisionHeaders.decision)
  if (record.value !== null || deadLetterHeaders.reason in record.headers) return undefined
  if (decision !== 'requeued' && decision !== 'dropped') return undefined
  const [partition, offset] = text(decisionHeaders.letter).split('/').map(Number)
  if (partition !== record.partition || !Number.isSafeInteger(offset)) return undefined
  const atMs = Date.parse(text(decisionHeaders.time))
  return {
    decision,
    offset: offset as number,
    by: text(decisionHeaders.by),
    why: text(decisionHeaders.why),
    atMs: Number.isNaN(atMs) ? 0 : atMs,
  }
}
