import type { Kafka } from '#platform/kafka/client.ts'
import { highWatermarks, waitForGroup } from '#platform/kafka/consumer-lag.ts'
import { openProducer } from '#platform/kafka/produce.ts'
import { offsetRange } from '#platform/kafka/read-range.ts'
import { rawResponseSchema } from '#schemas/generated/records.ts'
import type { Letter } from './letter.ts'
import { type Plan, planRequeue, type StayingLetter, type Target } from './plan.ts'
import { type OnProgress, readLetters } from './read-letters.ts'
import { type Selection, selectLetters } from './selection.ts'
import { type Decider, sendBack } from './send-back.ts'
import { refusingTopics } from './topics.ts'

export interface RequeueRequest {
  selection: Selection
  /** Also what came back for the same reason; of those named by id also what was settled before. */
  again: boolean
  /** Changes nothing, and returns what would be done. */
  dryRun: boolean
  decider: Decider
  /** Tells the datasets that are parked now: their letters stay. */
  parkedDatasets: () => Promise<ReadonlySet<string>>
}

export interface RequeueResult {
  done: Letter[]
  stay: StayingLetter[]
  /** Ids that were named and that no letter has. */
  unknown: string[]
  /** The new letters of those that were refused once more; null: not handled yet. Undefined in a dry run. */
  refusedAgain?: Letter[] | null
}

/**
 * Sends letters back to the topic and partition that they came from, and waits until they are handled, half a minute at
 * the most.
 */
export async function requeue(
  kafka: Kafka,
  { selection, again, dryRun, decider, parkedDatasets }: RequeueRequest,
  onProgress: OnProgress = () => {},
): Promise<RequeueResult> {
  const { letters, unknown } = await selectLetters(kafka, selection, onProgress)
  const parked = await parkedDatasets()
  const plan = planRequeue(letters, { targets: await targetsOf(kafka, letters), parked, again })
  const planned = plan.go.map(({ letter }) => letter)
  if (dryRun) return { done: planned, stay: plan.stay, unknown }
  const watch = await watchComebacks(kafka, planned, onProgress)
  const { done, stay } = await requeuePlanned(kafka, plan, decider, onProgress)
  const refusedAgain = done.length === 0 ? [] : ((await watch.refusedAgain(done)) ?? null)
  return { done, stay, unknown, refusedAgain }
}

/** The topics that some letters may go back to, each with the partitions that it has now. */
export async function targetsOf(kafka: Kafka, letters: readonly Letter[]): Promise<Map<string, Target>> {
  const targets = new Map<string, Target>()
  for (const { source } of letters) {
    const refusing = refusingTopics.get(source?.topic ?? '')
    if (!refusing || targets.has(refusing.topic.name)) continue
    const { name, record } = refusing.topic
    targets.set(name, { deadLetters: refusing.deadLetters, record, partitions: (await offsetRange(kafka, name)).size })
  }
  return targets
}

/** Sends back what a plan lets go. */
export async function requeuePlanned(
  kafka: Kafka,
  plan: Plan,
  decider: Decider,
  onProgress: OnProgress = () => {},
): Promise<{ done: Letter[]; stay: StayingLetter[] }> {
  const total = plan.go.length
  if (total === 0) return { done: [], stay: plan.stay }
  const producer = await openProducer(kafka)
  try {
    const { sent, stay } = await sendBack({ kafka, producer }, plan.go, decider, (done) =>
      onProgress({ step: 'requeuing', done, total }),
    )
    return { done: sent, stay: [...plan.stay, ...stay] }
  } finally {
    await producer.disconnect()
  }
}

/** Finds the letters that come back. */
export interface ComebackWatch {
  /**
   * The new letters of those that were sent back since the watch began, when their messages have been handled; undefined
   * when that takes longer than half a minute.
   */
  refusedAgain: (sent: readonly Letter[]) => Promise<Letter[] | undefined>
}

const maxWaitMs = 30_000

/** Begins a watch: letters that lie on the topics now did not come back later. */
export async function watchComebacks(
  kafka: Kafka,
  letters: readonly Letter[],
  onProgress: OnProgress = () => {},
): Promise<ComebackWatch> {
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
