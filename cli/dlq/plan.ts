// Which letters can be sent back to where they came from. Pure.
import { parkedReason } from '#platform/kafka/dead-letter.ts'
import type { RecordName } from '#schemas/generated/records.ts'
import { cameBack, type Letter, type Place, placeName } from './letter.ts'

/** A letter that can be sent back, and where to. */
export interface Returnable {
  letter: Letter
  to: Place
}

/** A letter that stays, and why: one sentence without its subject. */
export interface Staying {
  letter: Letter
  why: string
}

export interface Plan {
  go: Returnable[]
  stay: Staying[]
}

/** A topic that letters may go back to. */
export interface Target {
  /** Where its refused messages lie: letters from elsewhere did not come from it. */
  deadLetters: string
  record: RecordName | null
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
    const why = whyStay(letter, options)
    if (why === undefined && letter.source) plan.go.push({ letter, to: letter.source })
    else plan.stay.push({ letter, why: why ?? '' })
  }
  plan.go.sort(
    ({ to: one }, { to: other }) =>
      one.topic.localeCompare(other.topic) || one.partition - other.partition || one.offset - other.offset,
  )
  return plan
}

function whyStay(letter: Letter, { targets, parked, again }: PlanOptions): string | undefined {
  const { source, decision, dataset, reason, attempts } = letter
  if (decision && !again) return `was ${decision.decision} before: --again sends it once more`
  if (!source) return 'its headers do not say where it came from'
  if (letter.isLeftOut) return `was too large for a letter: it lies at ${placeName(source)}, for a replay to read`
  const target = targets.get(source.topic)
  if (!target || target.deadLetters !== letter.topic)
    return `${source.topic} is no topic whose letters lie on ${letter.topic}`
  if (source.partition >= target.partitions) return `${source.topic} has no partition ${source.partition}`
  if (target.record === 'RawResponse' && dataset !== null && parked.has(dataset)) {
    return `${dataset} is parked: \`npx tidemark dlq release ${dataset}\``
  }
  if (reason !== parkedReason && cameBack(letter) && !again) {
    return `came back for the same reason (${reason}, ${attempts} attempts): --again when that is mended`
  }
  return undefined
}
