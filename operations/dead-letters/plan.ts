import { parkedReason } from '#platform/kafka/dead-letter.ts'
import type { DeadLetterResolution } from '#platform/kafka/dead-letter-resolution.ts'
import { rawResponseSchema } from '#schemas/generated/records.ts'
import type { RecordSchema } from '#schemas/record-schema.ts'
import { type DeadLetter, type Place, refusedForSameReason } from './dead-letter.ts'

export interface ReturnableLetter {
  letter: DeadLetter
  to: Place
}

export type SkipReason =
  | { kind: 'settled'; decision: DeadLetterResolution['decision'] }
  /** The headers do not say where the record came from. */
  | { kind: 'no-source' }
  /** The value was too large for a dead letter. It is only at `source`. */
  | { kind: 'left-out'; source: Place }
  /** The refused records of `topic` go to another dead-letter topic than `deadLetters`, so the header is wrong. */
  | { kind: 'foreign-topic'; topic: string; deadLetters: string }
  | { kind: 'no-partition'; topic: string; partition: number }
  | { kind: 'parked'; dataset: string }
  | { kind: 'same-reason'; reason: string; attempts: number }
  | { kind: 'deleted' }
  | { kind: 'not-taken'; message: string }
  /** Kafka rejected the dead letters before it. */
  | { kind: 'not-tried' }
  /** It was sent back, but Kafka rejected the record of the decision. */
  | { kind: 'undecided'; message: string }
  | { kind: 'would-be-refused'; reason: string; message: string }
  /** This release would refuse a newer dead letter of the same kind. */
  | { kind: 'newer-would-be-refused' }

export interface SkippedDeadLetter {
  letter: DeadLetter
  why: SkipReason
}

export interface Plan {
  go: ReturnableLetter[]
  stay: SkippedDeadLetter[]
}

export interface Target {
  /** The dead-letter topic of this topic. */
  deadLetters: string
  record: RecordSchema | null
  partitions: number
}

export interface PlanOptions {
  /** By topic name. A dead letter is sent to no other topic, because any producer can set its headers. */
  targets: ReadonlyMap<string, Target>
  /** Parked datasets: their answers would be refused again. */
  parked: ReadonlySet<string>
  /** Also sends back dead letters that returned for the same reason, or that were settled before. */
  again: boolean
}

/** Returns the dead letters in the order of the refused records' topic, partition and offset. Pure. */
export function planRequeue(letters: readonly DeadLetter[], options: PlanOptions): Plan {
  const plan: Plan = { go: [], stay: [] }
  for (const letter of letters) {
    const placed = targetOrReason(letter, options)
    if ('kind' in placed) plan.stay.push({ letter, why: placed })
    else plan.go.push({ letter, to: placed })
  }
  plan.go.sort(
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
