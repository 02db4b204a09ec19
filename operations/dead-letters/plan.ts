import { type DeadLetter, type Place, refusedForSameReason } from '#core/dead-letter.ts'
import { parkedReason } from '#platform/kafka/dead-letter.ts'
import type { DeadLetterResolution } from '#platform/kafka/dead-letter-resolution.ts'
import { rawResponseSchema } from '#schemas/generated/records.ts'
import type { RecordSchema } from '#schemas/record-schema.ts'

export interface ReturnableLetter {
  letter: DeadLetter
  to: Place
}

export type SkipReason =
  | { kind: 'settled'; decision: DeadLetterResolution['decision'] }
  /** The headers do not say where the record came from. */
  | { kind: 'no-source' }
  /** The value was too large for a dead letter. It is only in the refused record at `source`. */
  | { kind: 'left-out'; source: Place }
  /** The headers are wrong: this dead letter is on `deadLetters`, but those of `topic` go elsewhere. */
  | { kind: 'foreign-topic'; topic: string; deadLetters: string }
  | { kind: 'no-partition'; topic: string; partition: number }
  | { kind: 'parked'; dataset: string }
  | { kind: 'same-reason'; reason: string; attempts: number }
  | { kind: 'deleted' }
  | { kind: 'not-taken'; message: string }
  /** Not sent, because Kafka rejected the three dead letters before it. */
  | { kind: 'not-tried' }
  /** The record was sent back, but Kafka rejected the record that marks the dead letter as requeued. */
  | { kind: 'undecided'; message: string }
  | { kind: 'would-be-refused'; reason: string; message: string }
  /** Not tried, because today's explode would refuse a newer dead letter of the same kind. */
  | { kind: 'newer-would-be-refused' }

export interface SkippedDeadLetter {
  letter: DeadLetter
  why: SkipReason
}

export interface Plan {
  returnable: ReturnableLetter[]
  skipped: SkippedDeadLetter[]
}

export interface Target {
  /** Name of the dead-letter topic that gets the refused records of this topic. */
  deadLetters: string
  record: RecordSchema | null
  partitions: number
}

export interface PlanOptions {
  /** Topics to which dead letters may return, by name. Any producer can set headers, so other topics are rejected. */
  targets: ReadonlyMap<string, Target>
  /** Names of parked datasets. Their dead letters stay, because the answers would be refused again. */
  parked: ReadonlySet<string>
  /** True: also sends back dead letters that were requeued or dropped before, or refused twice for the same reason. */
  again: boolean
}

/** Decides which dead letters are sent back (`returnable`, in the order of the refused records) and which are skipped. Pure. */
export function planRequeue(letters: readonly DeadLetter[], options: PlanOptions): Plan {
  const plan: Plan = { returnable: [], skipped: [] }
  for (const letter of letters) {
    const placed = targetOrReason(letter, options)
    if ('kind' in placed) plan.skipped.push({ letter, why: placed })
    else plan.returnable.push({ letter, to: placed })
  }
  plan.returnable.sort(
    ({ to: one }, { to: other }) =>
      one.topic.localeCompare(other.topic) || one.partition - other.partition || one.offset - other.offset,
  )
  return plan
}

function targetOrReason(letter: DeadLetter, { targets, parked, again }: PlanOptions): Place | SkipReason {
  const { source, decision, dataset, reason, attempts } = letter
  if (decision && !again) return { kind: 'settled', decision: decision.decision }
  if (!source) return { kind: 'no-source' }
  if (letter.isLeftOut) return { kind: 'left-out', source }
  const { topic, partition } = source
  const target = targets.get(topic)
  if (target?.deadLetters !== letter.topic) return { kind: 'foreign-topic', topic, deadLetters: letter.topic }
  if (partition >= target.partitions) return { kind: 'no-partition', topic, partition }
  if (target.record === rawResponseSchema && dataset !== null && parked.has(dataset)) return { kind: 'parked', dataset }
  if (reason !== parkedReason && refusedForSameReason(letter) && !again)
    return { kind: 'same-reason', reason, attempts }
  return source
}
