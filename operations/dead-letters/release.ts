// A release unparks a dataset. It requeues the dead letters of answers that came while the dataset was parked.

import type { DeadLetter } from '#core/dead-letter.ts'
import { suggestsCodeError } from '#core/explode-raw.ts'
import type { Kafka } from '#platform/kafka/client.ts'
import { waitForGroup } from '#platform/kafka/consumer-lag.ts'
import { parkedReason } from '#platform/kafka/dead-letter.ts'
import type { Registry } from '#platform/kafka/registry.ts'
import { writeRecord } from '#platform/kafka/write-record.ts'
import { pause } from '#platform/process/retry.ts'
import { UserError } from '#platform/process/user-error.ts'
import { parkingSchema } from '#schemas/generated/records.ts'
import { deadLetterTopic, parkingTopic, rawTopic } from '#schemas/topics.ts'
import { type Plan, planRequeue, type ReturnableLetter, type SkippedDeadLetter } from './plan.ts'
import { type OnProgress, readLetters } from './read-letters.ts'
import { requeuePlanned, targetsOf } from './requeue.ts'
import type { ResolutionAuthor } from './send-back.ts'
import { newestOfEachKind, type TriedRefusal, tryLetters } from './trial.ts'

export interface ParkedDataset {
  dataset: string
  message: string
}

export interface ReleaseParts {
  kafka: Kafka
  registry: Registry
  /** Returns the parked datasets from the status of the normalizer. Rejects if the normalizer does not answer. */
  parkedNow: () => Promise<readonly ParkedDataset[]>
}

export interface ReleaseRequest {
  source: string
  dataset: string
  /** True: unparks the dataset even if today's explode would refuse the newest dead letter of each kind. */
  anyway: boolean
  decider: ResolutionAuthor
}

export interface RefusedLetter {
  letter: DeadLetter
  why: TriedRefusal
}

export type ReleaseResult =
  /** Nothing was changed: today's explode refuses the newest dead letter of each kind. Older ones were not tried. */
  | { state: 'stays-parked'; skipped: SkippedDeadLetter[]; newest: RefusedLetter[] }
  | {
      state: 'released'
      wasParked: boolean
      done: DeadLetter[]
      skipped: SkippedDeadLetter[]
      refused: number
      /**
       * State after the release. `parked`: null if the dataset is not parked. `unknown`: the normalizer did not answer.
       */
      after: { parked: ParkedDataset | null } | { unknown: Error }
    }

const maxWaitMs = 30_000
const pollIntervalMs = 200

/**
 * Unparks a dataset, and requeues the dead letters with reason `parked` that today's explode would accept.
 * @throws UserError if the normalizer does not confirm within 30 s that the dataset is unparked; the error of
 * `parkedNow` if the first call fails
 */
export async function release(
  parts: ReleaseParts,
  request: ReleaseRequest,
  onProgress: OnProgress = () => {},
): Promise<ReleaseResult> {
  const { kafka, parkedNow } = parts
  const { dataset, decider } = request
  const parking = async () => (await parkedNow()).find((one) => one.dataset === dataset) ?? null
  const wasParked = (await parking()) !== null
  if (wasParked && !request.anyway) {
    const inVain = await refusedInVain(parts, await planParked(kafka, request, onProgress))
    if (inVain) return inVain
  }
  const waitForNormalizer = () => {
    onProgress({ step: 'waiting', message: 'waiting until the normalizer has passed what lies before it' })
    return waitForGroup(kafka, 'normalizer', rawTopic(request.source).name)
  }
  if (wasParked) {
    await unpark(parts, dataset, decider)
    // A batch that was in flight during the release may still produce parked dead letters.
    await waitForNormalizer()
  }
  const plan = await planParked(kafka, request, onProgress)
  const tried = await withoutRefused(parts, plan.returnable, onProgress)
  const { done, skipped } = await requeuePlanned(
    kafka,
    { returnable: tried.returnable, skipped: plan.skipped },
    decider,
    onProgress,
  )
  if (done.length > 0) await waitForNormalizer()
  const after = await parking().then(
    (parked) => ({ parked }),
    (unknown: Error) => ({ unknown }),
  )
  const refused = tried.refused.length
  return { state: 'released', wasParked, done, skipped: [...skipped, ...tried.refused], refused, after }
}

async function planParked(kafka: Kafka, { source, dataset }: ReleaseRequest, onProgress: OnProgress): Promise<Plan> {
  const letters = (await readLetters(kafka, [deadLetterTopic(source).name], onProgress)).filter(
    (letter) => letter.decision === undefined && letter.reason === parkedReason && letter.dataset === dataset,
  )
  return planRequeue(letters, { targets: await targetsOf(kafka, letters), parked: new Set(), again: false })
}

/**
 * Explodes the newest dead letter of each kind, and not the older ones. If each is refused for a reason that parks a
 * dataset, returns the result `stays-parked`. Otherwise returns undefined.
 */
async function refusedInVain(parts: ReleaseParts, plan: Plan): Promise<ReleaseResult | undefined> {
  const tried = newestOfEachKind(plan.returnable)
  const refusals = await tryLetters(parts, tried)
  const newest = tried.flatMap(({ letter }): RefusedLetter[] => {
    const why = refusals.get(letter.id)
    return why && suggestsCodeError(why.reason) ? [{ letter, why }] : []
  })
  if (newest.length === 0 || newest.length < tried.length) return undefined
  const skipped = plan.returnable.map(({ letter }): SkippedDeadLetter => {
    const why = refusals.get(letter.id)
    return { letter, why: why ? wouldBeRefused(why) : { kind: 'newer-would-be-refused' } }
  })
  return { state: 'stays-parked', skipped: [...plan.skipped, ...skipped], newest }
}

const wouldBeRefused = ({ reason, message }: TriedRefusal) => ({ kind: 'would-be-refused', reason, message }) as const

async function withoutRefused(parts: ReleaseParts, letters: readonly ReturnableLetter[], onProgress: OnProgress) {
  const refused = await tryLetters(parts, letters, (done) =>
    onProgress({ step: 'trying', done, total: letters.length }),
  )
  const skipped = letters.flatMap(({ letter }): SkippedDeadLetter[] => {
    const why = refused.get(letter.id)
    return why ? [{ letter, why: wouldBeRefused(why) }] : []
  })
  return { returnable: letters.filter(({ letter }) => !refused.has(letter.id)), refused: skipped }
}

async function unpark(
  parts: ReleaseParts,
  dataset: string,
  { by, why, nowMs = async () => Date.now() }: ResolutionAuthor,
): Promise<void> {
  const parking = { dataset, parked: false, reason: 'released', message: why, by, at: await nowMs() }
  await writeRecord(parts, { name: parkingTopic.name, record: parkingSchema }, dataset, parking)
  for (const endMs = Date.now() + maxWaitMs; ; await pause(pollIntervalMs)) {
    const parked = await parts.parkedNow().catch(() => undefined)
    if (parked && !parked.some((one) => one.dataset === dataset)) return
    if (Date.now() > endMs) {
      throw new UserError(
        `${dataset} is released, but the normalizer has not said so yet: do it again to requeue its letters.`,
      )
    }
  }
}
