// Which letters can be sent back to where they came from. Pure.

import { parkedReason } from '#platform/kafka/dead-letter.ts'
import type { DeadLetterResolution } from '#platform/kafka/dead-letter-resolution.ts'
import { rawResponseSchema } from '#schemas/generated/records.ts'
import type { RecordSchema } from '#schemas/record-schema.ts'
import { cameBack, type Letter, type Place } from './letter.ts'

/** A letter that can be sent back, and where to. */
export interface ReturnableLetter {
  letter: Letter
  to: Place
}

/** Why an operation leaves a letter as it is. */
export type StayReason =
  | { kind: 'settled'; decision: DeadLetterResolution['decision'] }
  /** The headers do not say where the message came from. */
  | { kind: 'no-source' }
  /** The value was too large for a letter: it lies at its source alone. */
  | { kind: 'left-out'; source: Place }
  /** The letter says a topic whose letters do not lie where it lies. */
  | { kind: 'foreign-topic'; topic: string; deadLetters: string }
  | { kind: 'no-partition'; topic: string; partition: number }
  | { kind: 'parked'; dataset: string }
  | { kind: 'same-reason'; reason: string; attempts: number }
  /** Retention has deleted it. */
  | { kind: 'deleted' }
  /** Kafka did not take it. */
  | { kind: 'not-taken'; message: string }
  /** Kafka took none of those before it. */
  | { kind: 'not-tried' }
  /** It was sent back, but Kafka did not take the record of that. */
  | { kind: 'undecided'; message: string }
  /** This release would refuse it again. */
  | { kind: 'would-be-refused'; reason: string; message: string }
  /** This release would refuse a newer letter of its kind. */
  | { kind: 'newer-would-be-refused' }

/** A letter that stays, and why. */
export interface StayingLetter {
  letter: Letter
  why: StayReason
}

export interface Plan {
  go: ReturnableLetter[]
  stay: StayingLetter[]
}

/** A topic that letters may go back to. */
export interface Target {
  /** Where its refused messages lie: letters from elsewhere did not come from it. */
  deadLetters: string
  record: RecordSchema | null
  /** How many partitions it has. */
  partitions: number
}

export interface PlanOptions {
  /** By name: headers are anybody's, so a letter goes to no other. */
  targets: ReadonlyMap<string, Target>
  /** Datasets whose answers would come back at once. */
  parked: ReadonlySet<string>
  /** Also what came back for the same reason, and what was settled before. */
  again: boolean
}

/** Plans in the order in which the messages were refused on each partition that they came from. */
export function planRequeue(letters: readonly Letter[], options: PlanOptions): Plan {
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

function targetOrReason(letter: Letter, { targets, parked, again }: PlanOptions): Place | StayReason {
  const { source, decision, dataset, reason, attempts } = letter
  if (decision && !again) return { kind: 'settled', decision: decision.decision }
  if (!source) return { kind: 'no-source' }
  if (letter.isLeftOut) return { kind: 'left-out', source }
  const { topic, partition } = source
  const target = targets.get(topic)
  if (target?.deadLetters !== letter.topic) return { kind: 'foreign-topic', topic, deadLetters: letter.topic }
  if (partition >= target.partitions) return { kind: 'no-partition', topic, partition }
  if (target.record === rawResponseSchema && dataset !== null && parked.has(dataset)) return { kind: 'parked', dataset }
  if (reason !== parkedReason && cameBack(letter) && !again) return { kind: 'same-reason', reason, attempts }
  return source
}
