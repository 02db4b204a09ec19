import type { Kafka } from '#platform/kafka/client.ts'
import { openProducer } from '#platform/kafka/produce.ts'
import { UserError } from '#platform/process/user-error.ts'
import type { Letter } from './letter.ts'
import type { StayingLetter } from './plan.ts'
import type { OnProgress } from './read-letters.ts'
import { type Selection, selectLetters } from './selection.ts'
import { type Decider, recordDecision } from './send-back.ts'

export interface DropRequest {
  selection: Selection
  /** Changes nothing, and returns what would be done. */
  dryRun: boolean
  decider: Decider
}

export interface DropResult {
  done: Letter[]
  /** Letters that were settled before. */
  stay: StayingLetter[]
  /** Ids that were named and that no letter has. */
  unknown: string[]
}

/**
 * Settles letters that nobody will mend. Their bytes stay where they are.
 * @throws UserError when Kafka does not take the record of it
 */
export async function drop(
  kafka: Kafka,
  { selection, dryRun, decider }: DropRequest,
  onProgress?: OnProgress,
): Promise<DropResult> {
  const { letters, unknown } = await selectLetters(kafka, selection, onProgress)
  const stay = letters.flatMap((letter): StayingLetter[] =>
    letter.decision ? [{ letter, why: { kind: 'settled', decision: letter.decision.decision } }] : [],
  )
  const done = letters.filter(({ decision }) => decision === undefined)
  if (!dryRun) await dropLetters(kafka, done, decider)
  return { done, stay, unknown }
}

/** @throws UserError when Kafka does not take the record of it */
export async function dropLetters(kafka: Kafka, letters: readonly Letter[], decider: Decider): Promise<void> {
  if (letters.length === 0) return
  const producer = await openProducer(kafka)
  try {
    const problem = await recordDecision(producer, letters, 'dropped', decider)
    if (problem !== undefined) throw new UserError(`Not all letters were dropped (${problem}): do it again.`)
  } finally {
    await producer.disconnect()
  }
}
