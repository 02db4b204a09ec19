import type { DeadLetter } from '#core/dead-letter.ts'
import type { Kafka } from '#platform/kafka/client.ts'
import { withProducer } from '#platform/kafka/produce.ts'
import { UserError } from '#platform/process/user-error.ts'
import type { SkippedDeadLetter } from './plan.ts'
import type { OnProgress } from './read-letters.ts'
import { type Selection, selectLetters } from './selection.ts'
import { type ResolutionAuthor, recordResolution } from './send-back.ts'

export interface DropRequest {
  selection: Selection
  /** If true, changes nothing, and returns what would be dropped. */
  dryRun: boolean
  decider: ResolutionAuthor
}

export interface DropResult {
  done: DeadLetter[]
  skipped: SkippedDeadLetter[]
  unknown: string[]
}

/** Marks dead letters as dropped. Their bytes stay on the topic. @throws UserError if Kafka rejects the marks */
export async function drop(
  kafka: Kafka,
  { selection, dryRun, decider }: DropRequest,
  onProgress?: OnProgress,
): Promise<DropResult> {
  const { letters, unknown } = await selectLetters(kafka, selection, onProgress)
  const skipped = letters.flatMap((letter): SkippedDeadLetter[] =>
    letter.decision ? [{ letter, why: { kind: 'settled', decision: letter.decision.decision } }] : [],
  )
  const done = letters.filter(({ decision }) => decision === undefined)
  if (!dryRun) await dropLetters(kafka, done, decider)
  return { done, skipped, unknown }
}

export async function dropLetters(
  kafka: Kafka,
  letters: readonly DeadLetter[],
  decider: ResolutionAuthor,
): Promise<void> {
  if (letters.length === 0) return
  const problem = await withProducer(kafka, (producer) => recordResolution(producer, letters, 'dropped', decider))
  if (problem !== undefined) throw new UserError(`Not all letters were dropped (${problem}): do it again.`)
}
