import type { DeadLetter } from '#core/dead-letter.ts'
import type { Kafka } from '#platform/kafka/client.ts'
import { highWatermarks, waitForGroup } from '#platform/kafka/consumer-lag.ts'
import { withProducer } from '#platform/kafka/produce.ts'
import { offsetRange } from '#platform/kafka/read-range.ts'
import { rawResponseSchema } from '#schemas/generated/records.ts'
import { type Plan, planRequeue, type SkippedDeadLetter, type Target } from './plan.ts'
import { type OnProgress, readLetters } from './read-letters.ts'
import { type Selection, selectLetters } from './selection.ts'
import { type ResolutionAuthor, sendBack } from './send-back.ts'
import { refusingTopics } from './topics.ts'

export interface RequeueRequest {
  selection: Selection
  /** True: also requeues letters refused twice for the same reason, and requeued or dropped letters named by id. */
  again: boolean
  /** If true, changes nothing, and returns what would be requeued. */
  dryRun: boolean
  decider: ResolutionAuthor
  /** Returns the names of the parked datasets. Dead letters of these datasets are not requeued. */
  parkedDatasets: () => Promise<ReadonlySet<string>>
}

export interface RequeueResult {
  done: DeadLetter[]
  skipped: SkippedDeadLetter[]
  /** Requested ids that do not exist. */
  unknown: string[]
  /** New dead letters of requeued records. null: the records were not handled within 30 s. undefined: dry run. */
  refusedAgain?: DeadLetter[] | null
}

/** Sends the refused records back to their topics, and waits up to 30 s until the normalizer or sink handled them. */
export async function requeue(
  kafka: Kafka,
  { selection, again, dryRun, decider, parkedDatasets }: RequeueRequest,
  onProgress: OnProgress = () => {},
): Promise<RequeueResult> {
  const { letters, unknown } = await selectLetters(kafka, selection, onProgress)
  const parked = await parkedDatasets()
  const plan = planRequeue(letters, { targets: await targetsOf(kafka, letters), parked, again })
  const planned = plan.returnable.map(({ letter }) => letter)
  if (dryRun) return { done: planned, skipped: plan.skipped, unknown }
  const watch = await watchRefusals(kafka, planned, onProgress)
  const { done, skipped } = await requeuePlanned(kafka, plan, decider, onProgress)
  const refusedAgain = done.length === 0 ? [] : ((await watch.refusedAgain(done)) ?? null)
  return { done, skipped, unknown, refusedAgain }
}

/** Returns the topics to which these dead letters can return, by name, with their current number of partitions. */
export async function targetsOf(kafka: Kafka, letters: readonly DeadLetter[]): Promise<Map<string, Target>> {
  const targets = new Map<string, Target>()
  for (const { source } of letters) {
    const refusing = refusingTopics.get(source?.topic ?? '')
    if (!refusing || targets.has(refusing.topic.name)) continue
    const { name, record } = refusing.topic
    targets.set(name, { deadLetters: refusing.deadLetters, record, partitions: (await offsetRange(kafka, name)).size })
  }
  return targets
}

export async function requeuePlanned(
  kafka: Kafka,
  plan: Plan,
  decider: ResolutionAuthor,
  onProgress: OnProgress = () => {},
): Promise<{ done: DeadLetter[]; skipped: SkippedDeadLetter[] }> {
  const total = plan.returnable.length
  if (total === 0) return { done: [], skipped: plan.skipped }
  const onDone = (done: number): void => onProgress({ step: 'requeuing', done, total })
  const { sent, skipped } = await withProducer(kafka, (producer) =>
    sendBack({ kafka, producer }, plan.returnable, decider, onDone),
  )
  return { done: sent, skipped: [...plan.skipped, ...skipped] }
}

export interface RefusalWatch {
  /** Waits until the sent records are handled. Returns the new dead letters of these records; undefined after 30 s. */
  refusedAgain: (sent: readonly DeadLetter[]) => Promise<DeadLetter[] | undefined>
}

const maxWaitMs = 30_000

/** Notes where each dead-letter topic ends now. `refusedAgain` returns only dead letters after these ends. */
export async function watchRefusals(
  kafka: Kafka,
  letters: readonly DeadLetter[],
  onProgress: OnProgress = () => {},
): Promise<RefusalWatch> {
  const topics = [...new Set(letters.map(({ topic }) => topic))]
  const before = new Map(
    await Promise.all(topics.map(async (topic) => [topic, await highWatermarks(kafka, topic)] as const)),
  )
  const onWait = (message: string): void => onProgress({ step: 'waiting', message })
  return {
    async refusedAgain(sent) {
      const stop = AbortSignal.timeout(maxWaitMs)
      for (const topic of new Set(sent.map(({ source }) => source?.topic ?? ''))) {
        const refusing = refusingTopics.get(topic)
        if (refusing === undefined) continue
        const group = refusing.topic.record === rawResponseSchema ? 'normalizer' : 'sink'
        if (!(await waitForGroup(kafka, group, topic, onWait, stop))) return undefined
      }
      const ids = new Set(sent.map(({ id }) => id))
      return (await readLetters(kafka, topics, onProgress)).filter(
        ({ topic, partition, offset, returnOf }) =>
          returnOf !== null && ids.has(returnOf) && offset >= (before.get(topic)?.get(partition) ?? 0),
      )
    },
  }
}
