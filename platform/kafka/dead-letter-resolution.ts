import { deadLetterHeaders } from './dead-letter.ts'
import type { ProducerRecord } from './producer-record.ts'

/**
 * What an operator did with a dead letter. A later record of the same topic and partition stores it. That record has no
 * value. `offset` is the offset of the dead letter.
 */
export interface DeadLetterResolution {
  decision: 'requeued' | 'dropped'
  offset: number
  by: string
  why: string
  atMs: number
}

/** Header names of a resolution. `tidemark-letter` holds the dead letter's `partition/offset`. */
export const resolutionHeaders = {
  decision: 'tidemark-decision',
  letter: 'tidemark-letter',
  by: 'tidemark-by',
  why: 'tidemark-why',
  time: deadLetterHeaders.time,
} as const

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
      [resolutionHeaders.decision]: decision.decision,
      [resolutionHeaders.letter]: `${partition}/${decision.offset}`,
      [resolutionHeaders.by]: decision.by,
      [resolutionHeaders.why]: decision.why,
      [resolutionHeaders.time]: new Date(decision.atMs).toISOString(),
    },
  }
}

/** Returns the resolution that a record holds, or undefined. A dead letter holds none: it has a reason header. */
export function resolutionOf(record: {
  partition: number
  value: Buffer | null
  headers: Readonly<Record<string, Buffer>>
}): DeadLetterResolution | undefined {
  const text = (name: string): string => record.headers[name]?.toString() ?? ''
  const decision = text(resolutionHeaders.decision)
  if (record.value !== null || deadLetterHeaders.reason in record.headers) return undefined
  if (decision !== 'requeued' && decision !== 'dropped') return undefined
  const [partition, offset] = text(resolutionHeaders.letter).split('/').map(Number)
  if (partition !== record.partition || !Number.isSafeInteger(offset)) return undefined
  const atMs = Date.parse(text(resolutionHeaders.time))
  return {
    decision,
    offset: offset as number,
    by: text(resolutionHeaders.by),
    why: text(resolutionHeaders.why),
    atMs: Number.isNaN(atMs) ? 0 : atMs,
  }
}
