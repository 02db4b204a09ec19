// Judges the slices, the accepted answers and the windows of a source by the rules. A transition is acknowledged on Kafka
// before the offset of the record that made it is committed. A source that is new here is read again from before the
// longest window, in silence.
import { dueAtMs } from '#core/alerts/declared-series.ts'
import type { AlertEngine, EngineOutcome, SeriesBucket } from '#core/alerts/engine.ts'
import type { PointRun, ReplacingAnswer } from '#core/alerts/series-points.ts'
import { datasetsByName } from '#core/datasets.ts'
import type { ConsumedRecord, Subscription } from '#platform/kafka/process-batch.ts'
import { dropSent, type Output, okSending } from '#platform/kafka/verdict.ts'
import type { Logger } from '#platform/process/log.ts'
import { completenessTopic } from '#schemas/completeness-topics.ts'
import {
  type AcceptedAnswer,
  acceptedAnswerSchema,
  type CompletenessChange,
  completenessChangeSchema,
  type TimeseriesSlice,
  timeseriesSliceSchema,
} from '#schemas/generated/records.ts'
import type { RecordSchema } from '#schemas/record-schema.ts'
import { answersTopic, timeseriesTopic } from '#schemas/topics.ts'
import { type HeldSource, type HoldParts, holdSource, type JudgedSource } from './judged-source.ts'
import type { StoredBucket } from './read-buckets.ts'

export interface JudgeParts extends Omit<HoldParts, 'topics'> {
  /** Returns the stored points of what engines ask for. @throws if the store does not answer */
  readBuckets: (buckets: readonly SeriesBucket[]) => Promise<StoredBucket[]>
  /** Admits answers of the source when their slices are judged. */
  afterSlices: NonNullable<Subscription['admit']>
  /** Writes what no record made: transitions, and then states. @throws while Kafka is away */
  publish: (outputs: readonly Output[]) => Promise<void>
  log: Pick<Logger, 'warn'>
  /** Takes each outcome of a slice, and each of other records that tells something. */
  onJudged: (outcome: EngineOutcome, knownMs: number) => void
}

export interface SourceJudge {
  slices: Subscription<TimeseriesSlice>
  answers: Subscription<AcceptedAnswer>
  windows: Subscription<CompletenessChange>
  /** The engine of the source. undefined: another alerter judges it, or nothing came yet. */
  engine: () => AlertEngine | undefined
  /** Takes the partitions by topic that are assigned. Without them lets the source go, and returns false. */
  onAssigned: (partitions: Readonly<Record<string, number[]>>) => boolean
  /** Judges by the rules of now, also where no slice comes. @throws while Kafka is away */
  refresh: () => Promise<void>
}

const dayMs = 86_400_000

/** Returns the subscriptions to what is judged of a source. */
export function judgeSource(name: string, parts: JudgeParts): SourceJudge {
  const topics = {
    slices: timeseriesTopic(name).name,
    answers: answersTopic(name).name,
    windows: completenessTopic.name,
  }
  const source = holdSource(name, { ...parts, topics: Object.values(topics) })
  const isOfSource = (dataset: string): boolean => datasetsByName.get(dataset)?.source.name === name
  return {
    engine: () => source.held()?.engine,
    onAssigned: (assigned) => {
      const isOurs = (assigned[topics.slices] ?? []).length > 0
      if (!isOurs) source.letGo()
      return isOurs
    },
    refresh: async () => {
      await source.renew()
      await publishAll(source.toldByRules, parts)
    },
    slices: judging(topics.slices, timeseriesSliceSchema, source, {
      judge: (judged, slice, isReplay, waiting) => judgeSlice(judged, slice, isReplay, { parts, waiting }),
      onBatch: (judged, waiting) => void loadBuckets(judged, waiting, source, parts),
    }),
    answers: {
      ...judging(topics.answers, acceptedAnswerSchema, source, {
        judge: ({ engine }, answer, isReplay, waiting) => {
          if (!answer.replaces) return
          const outcome = engine.withdraw(answer.dataset, answerOf(answer, isReplay))
          tell(outcome, answer.knownAt, { parts, waiting })
        },
      }),
      admit: parts.afterSlices,
    },
    windows: judging(topics.windows, completenessChangeSchema, source, {
      judge: ({ windows }, change, _, waiting) => {
        if (isOfSource(change.dataset)) tell(windows.take(change), change.at, { parts, waiting })
      },
    }),
  }
}

interface Judging<T> {
  judge: (judged: JudgedSource, record: T, isReplay: boolean, waiting: Output[]) => void
  onBatch?: (judged: JudgedSource, waiting: Output[]) => void
}

/** Returns a subscription whose records are judged once, as far as this process knows. */
function judging<T>(
  topic: string,
  record: RecordSchema<T>,
  source: HeldSource,
  { judge, onBatch }: Judging<T>,
): Subscription<T> {
  return {
    ...{ topic, record },
    // The sink refuses what cannot be read. A second dead letter for the same record would be noise.
    deadLetterTopic: null,
    handle: async (batch: ConsumedRecord<T>[]) => {
      const partition = batch[0]?.partition ?? 0
      const first = Number(batch[0]?.offset ?? 0)
      const judged = await source.at({ topic, partition, offset: first })
      const waiting = judged.waitingOf(topic, partition)
      let next = judged.next.get(topic, partition) ?? first
      for (const { record, offset, headers } of batch) {
        if (Number(offset) < next) continue
        next = Number(offset) + 1
        judge(judged, record, headers.replay !== undefined, waiting)
      }
      judged.next.set(topic, partition, next)
      onBatch?.(judged, waiting)
      return okSending(batch.length, waiting)
    },
  }
}

interface Telling {
  parts: JudgeParts
  /** What Kafka has not acknowledged yet. */
  waiting: Output[]
}

function tell(outcome: EngineOutcome, knownMs: number, { parts, waiting }: Telling): void {
  if (outcome.transitions.length === 0) return
  waiting.push(...parts.encode(outcome))
  parts.onJudged(outcome, knownMs)
}

function judgeSlice(
  judged: JudgedSource,
  slice: TimeseriesSlice,
  isReplay: boolean,
  { parts, waiting }: Telling,
): void {
  if (!judged.engine.isWatched(slice.dataset, slice.key)) return
  const run = runOf(slice, isReplay)
  const news = saysNow(slice, run) ? judged.windows.heardOf(slice.dataset, slice.knownAt) : undefined
  if (news !== undefined) waiting.push(...parts.encode(news))
  const outcome = judged.engine.take(slice.dataset, slice.key, run)
  if (outcome.transitions.length > 0) waiting.push(...parts.encode(outcome))
  parts.onJudged(outcome, slice.knownAt)
}

/** Whether a slice says that its dataset brings points now. One of a backfill or a replay does not. */
export const saysNow = (slice: TimeseriesSlice, { dueMs, isSilent }: PointRun): boolean =>
  !isSilent && slice.knownAt - Math.max(slice.windowEnd, dueMs ?? 0) <= dayMs

/** Writes what Kafka has not acknowledged yet. */
async function publishAll(waiting: Output[], { publish }: JudgeParts): Promise<void> {
  const outputs = [...waiting]
  await publish(outputs)
  dropSent(waiting, outputs)
}

/** Gives an engine what it asked for, and tells what comes of it. */
async function loadBuckets(
  judged: JudgedSource,
  waiting: Output[],
  source: HeldSource,
  parts: JudgeParts,
): Promise<void> {
  const { engine, asked } = judged
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
  // An engine that was started meanwhile has asked for what it needs itself.
  if (source.held()?.engine !== engine) return
  const outcomes = stored.map(({ bucket, points }) => engine.reload(bucket, points))
  const transitions = outcomes.flatMap((each) => each.transitions)
  if (transitions.length === 0) return
  const outcome = { transitions, states: outcomes.flatMap(({ states }) => states) }
  parts.onJudged(outcome, transitions.at(-1)?.facts.knownMs ?? 0)
  try {
    await parts.publish(parts.encode(outcome))
  } catch {
    // Kafka takes it with what the next batch tells.
    waiting.push(...parts.encode(outcome))
  }
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
