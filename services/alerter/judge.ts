// Judges the slices and the accepted answers of a source by the rules. A transition is acknowledged on Kafka before the
// offset of the record that made it is committed. A partition that is new here is read again from before the longest
// window, in silence.
import { dueAtMs } from '#core/alerts/declared-series.ts'
import type { AlertEngine, EngineOutcome, SeriesBucket, ToldState } from '#core/alerts/engine.ts'
import type { PointRun, ReplacingAnswer } from '#core/alerts/series-points.ts'
import type { Subscription } from '#platform/kafka/process-batch.ts'
import { dropSent, type Output, okSending } from '#platform/kafka/verdict.ts'
import type { Logger } from '#platform/process/log.ts'
import {
  type AcceptedAnswer,
  acceptedAnswerSchema,
  type TimeseriesSlice,
  timeseriesSliceSchema,
} from '#schemas/generated/records.ts'
import { answersTopic, timeseriesTopic } from '#schemas/topics.ts'
import type { StoredBucket } from './read-buckets.ts'

export interface JudgeParts {
  /** Changes when a rule changes. */
  rulesVersion: () => number
  /**
   * Returns an engine that has taken all slices and answers before a place in silence, and what is to be told because
   * rules are no longer there. @throws TransientError while Kafka or the registry is away
   */
  start: (place: StartPlace) => Promise<StartedEngine>
  /** Returns the stored points of what engines ask for. @throws if the store does not answer */
  readBuckets: (buckets: readonly SeriesBucket[]) => Promise<StoredBucket[]>
  /** Returns what the alerter has committed of a topic, by partition. @throws TransientError while Kafka is away */
  committed: (topic: string) => Promise<ReadonlyMap<number, number>>
  /** Admits answers of the source when their slices are judged. */
  afterSlices: NonNullable<Subscription['admit']>
  encode: (outcome: EngineOutcome) => Output[]
  /** Writes what no record made: transitions, and then states. @throws while Kafka is away */
  publish: (outputs: readonly Output[]) => Promise<void>
  log: Pick<Logger, 'warn'>
  /** Takes that a slice of a dataset became known, and returns what is to be told because of it. */
  heardOf: (dataset: string, knownMs: number) => EngineOutcome | undefined
  onJudged: (outcome: EngineOutcome, knownMs: number) => void
}

export interface StartPlace {
  source: string
  partition: number
  /** The first slice that is not judged yet, and the first answer. */
  offset: number
  answersOffset: number
  /** What this process told that may not be on the topic of states yet. */
  told: readonly ToldState[]
}

export interface StartedEngine {
  engine: AlertEngine
  outcome: EngineOutcome
  /** What the engine has asked for and was not given yet. */
  asked: SeriesBucket[]
}

interface JudgedPartition extends Pick<StartedEngine, 'engine' | 'asked'> {
  rulesVersion: number
  nextOffset: number
  /** What Kafka has not acknowledged yet. It is sent again with the next batch. */
  unacknowledged: Output[]
}

export interface SourceJudge {
  slices: Subscription<TimeseriesSlice>
  answers: Subscription<AcceptedAnswer>
  engines: () => AlertEngine[]
  /** To be called with the partitions by topic that are assigned. Others are let go. */
  onAssigned: (partitions: Readonly<Record<string, number[]>>) => void
  /** Judges by the rules of now, also where no slice comes. @throws while Kafka is away */
  refresh: () => Promise<void>
}

const dayMs = 86_400_000

/** Returns the subscriptions to the slices and to the answers of a source. */
export function judgeSource(source: string, parts: JudgeParts): SourceJudge {
  const partitions = judgedPartitions(source, parts)
  return {
    engines: partitions.engines,
    onAssigned: (assigned) => partitions.keep(assigned[timeseriesTopic(source).name] ?? []),
    refresh: async () => {
      for (const judged of await partitions.renewed()) await publishAll(judged, parts)
    },
    slices: {
      topic: timeseriesTopic(source).name,
      record: timeseriesSliceSchema,
      // The sink refuses what cannot be read. A second dead letter for the same record would be noise.
      deadLetterTopic: null,
      handle: async (batch) => {
        const judged = await partitions.at(batch[0]?.partition ?? 0, Number(batch[0]?.offset ?? 0))
        for (const { record, offset, headers } of batch) {
          if (Number(offset) < judged.nextOffset) continue
          judged.nextOffset = Number(offset) + 1
          if (judged.engine.isWatched(record.dataset, record.key))
            judgeSlice(judged, record, headers.replay !== undefined, parts)
        }
        void loadBuckets(judged, parts)
        return okSending(batch.length, judged.unacknowledged)
      },
    },
    answers: judgeAnswers(source, parts, partitions),
  }
}

function judgeSlice(judged: JudgedPartition, slice: TimeseriesSlice, isReplay: boolean, parts: JudgeParts): void {
  const run = runOf(slice, isReplay)
  // A backfill says nothing about whether the dataset brings points now.
  const isOfNow = slice.knownAt - Math.max(slice.windowEnd, run.dueMs ?? 0) <= dayMs
  const news = isOfNow && !isReplay ? parts.heardOf(slice.dataset, slice.knownAt) : undefined
  if (news !== undefined) judged.unacknowledged.push(...parts.encode(news))
  const outcome = judged.engine.take(slice.dataset, slice.key, run)
  if (outcome.transitions.length > 0) judged.unacknowledged.push(...parts.encode(outcome))
  parts.onJudged(outcome, slice.knownAt)
}

/** Writes what Kafka has not acknowledged yet. A batch that comes meanwhile writes the same again. */
async function publishAll({ unacknowledged }: JudgedPartition, { publish }: JudgeParts): Promise<void> {
  const outputs = [...unacknowledged]
  await publish(outputs)
  dropSent(unacknowledged, outputs)
}

/** Gives an engine what it asked for, and tells what comes of it. */
async function loadBuckets({ engine, asked, unacknowledged }: JudgedPartition, parts: JudgeParts): Promise<void> {
  const wanted = asked.splice(0)
  if (wanted.length === 0) return
  let stored: StoredBucket[]
  try {
    stored = await parts.readBuckets(wanted)
  } catch (error) {
    // The next batch asks again. Until then the windows are undefined.
    parts.log.warn({ err: error }, 'points of long windows cannot be read from the store')
    asked.push(...wanted)
    return
  }
  const outcomes = stored.map(({ bucket, points }) => engine.reload(bucket, points))
  const transitions = outcomes.flatMap((each) => each.transitions)
  if (transitions.length === 0) return
  const outcome = { transitions, states: outcomes.flatMap(({ states }) => states) }
  parts.onJudged(outcome, transitions.at(-1)?.facts.knownMs ?? 0)
  try {
    await parts.publish(parts.encode(outcome))
  } catch {
    // Kafka takes it with what the next batch tells.
    unacknowledged.push(...parts.encode(outcome))
  }
}

function judgeAnswers(
  source: string,
  parts: JudgeParts,
  partitions: ReturnType<typeof judgedPartitions>,
): Subscription<AcceptedAnswer> {
  const unacknowledged: Output[] = []
  return {
    topic: answersTopic(source).name,
    record: acceptedAnswerSchema,
    deadLetterTopic: null,
    admit: parts.afterSlices,
    handle: async (batch) => {
      const judged = await partitions.all()
      for (const { record, offset, headers } of batch) {
        if (Number(offset) < partitions.nextAnswer) continue
        partitions.nextAnswer = Number(offset) + 1
        if (!record.replaces) continue
        for (const { engine } of judged) {
          const outcome = engine.withdraw(record.dataset, answerOf(record, headers.replay !== undefined))
          if (outcome.transitions.length === 0) continue
          unacknowledged.push(...parts.encode(outcome))
          parts.onJudged(outcome, record.knownAt)
        }
      }
      return okSending(batch.length, unacknowledged)
    },
  }
}

/** The partitions of the slices of a source, as far as they are judged here. */
function judgedPartitions(source: string, parts: JudgeParts) {
  const topic = timeseriesTopic(source).name
  const judged = new Map<number, JudgedPartition>()
  let starting: Promise<unknown> = Promise.resolve()
  const find = async (partition: number, first: number): Promise<JudgedPartition> => {
    const rulesVersion = parts.rulesVersion()
    const held = judged.get(partition)
    // After a gap, another alerter may have judged what came between.
    const isOurs = held !== undefined && first <= held.nextOffset
    if (isOurs && held.rulesVersion === rulesVersion) return held
    const answers = await parts.committed(answersTopic(source).name)
    const started = await parts.start({
      ...{ source, partition, offset: isOurs ? held.nextOffset : first },
      answersOffset: Math.max(all.nextAnswer, answers.get(0) ?? 0),
      told: isOurs ? held.engine.toldStates() : [],
    })
    const unacknowledged = [...(held?.unacknowledged ?? []), ...parts.encode(started.outcome)]
    const { engine, asked } = started
    const next = { engine, asked, rulesVersion, nextOffset: isOurs ? held.nextOffset : first, unacknowledged }
    judged.set(partition, next)
    return next
  }
  /** Slices and answers come at once, and an engine is started once. */
  const at = (partition: number, first: number): Promise<JudgedPartition> => {
    const found = starting.then(() => find(partition, first))
    starting = found.catch(() => undefined)
    return found
  }
  const all = {
    /** The first answer that is not judged yet, as far as this process knows. */
    nextAnswer: 0,
    at,
    all: async (): Promise<JudgedPartition[]> => {
      const committed = await parts.committed(topic)
      return Promise.all([...committed].map(([partition, offset]) => at(partition, Math.max(0, offset))))
    },
    engines: () => [...judged.values()].map(({ engine }) => engine),
    /** Lets go of all other partitions. Another alerter judges them. */
    keep: (assigned: readonly number[]): void => {
      for (const partition of judged.keys()) if (!assigned.includes(partition)) judged.delete(partition)
      if (assigned.length === 0) all.nextAnswer = 0
    },
    /** Starts engines anew whose rules have changed, and returns their partitions. */
    renewed: async (): Promise<JudgedPartition[]> => {
      const old = [...judged].filter(([, { rulesVersion }]) => rulesVersion !== parts.rulesVersion())
      return Promise.all(old.map(([partition, { nextOffset }]) => at(partition, nextOffset)))
    },
  }
  return all
}

/** Returns what an answer withdraws with. */
export const answerOf = (answer: AcceptedAnswer, isSilent: boolean): ReplacingAnswer => ({
  ...{ identity: answer.identity, knownMs: answer.knownAt, raw: answer.raw, isSilent },
  dueMs: dueAtMs(answer.dataset, { startMs: answer.windowStart, endMs: answer.windowEnd }),
})

export function runOf(slice: TimeseriesSlice, isSilent: boolean): PointRun {
  const window = { startMs: slice.windowStart, endMs: slice.windowEnd }
  return {
    ...{ startMs: slice.start, stepS: slice.step, values: slice.values, knownMs: slice.knownAt },
    ...{ dueMs: dueAtMs(slice.dataset, window), raw: slice.raw, identity: slice.identity, isSilent },
  }
}
