// Judges the slices of a source by the rules. A transition is acknowledged on Kafka before the offset of the slice that
// made it is committed. A partition that is new here is read again from before the longest window, in silence.
import { dueAtMs } from '#core/alerts/declared-series.ts'
import type { AlertEngine, EngineOutcome, ToldState } from '#core/alerts/engine.ts'
import type { PointRun } from '#core/alerts/series-points.ts'
import type { ConsumedRecord, Subscription } from '#platform/kafka/process-batch.ts'
import { type Output, okAfter } from '#platform/kafka/verdict.ts'
import type { TimeseriesSlice } from '#schemas/generated/records.ts'
import { timeseriesSliceSchema } from '#schemas/generated/records.ts'
import { timeseriesTopic } from '#schemas/topics.ts'

export interface JudgeParts {
  /** Changes when a rule changes. */
  rulesVersion: () => number
  /**
   * Returns an engine that has taken all slices of a partition before an offset in silence, and what is to be told because
   * rules are no longer there. @throws TransientError while Kafka or the registry is away
   */
  start: (place: StartPlace) => Promise<StartedEngine>
  encode: (outcome: EngineOutcome) => Output[]
  /** Takes that a slice of a dataset became known, and returns what is to be told because of it. */
  heardOf: (dataset: string, knownMs: number) => EngineOutcome | undefined
  onJudged: (outcome: EngineOutcome, slice: TimeseriesSlice) => void
}

export interface StartPlace {
  topic: string
  partition: number
  offset: number
  /** What this process told that may not be on the topic of states yet. */
  told: readonly ToldState[]
}

export interface StartedEngine {
  engine: AlertEngine
  outcome: EngineOutcome
}

interface JudgedPartition {
  engine: AlertEngine
  rulesVersion: number
  nextOffset: number
  /** What Kafka has not acknowledged yet. It is sent again with the next batch. */
  unacknowledged: Output[]
}

const dayMs = 86_400_000

/** Returns the subscription to the slices of a source. */
export function judgeSlices(
  source: string,
  parts: JudgeParts,
): Subscription<TimeseriesSlice> & { engines: () => AlertEngine[] } {
  const topic = timeseriesTopic(source).name
  const partitions = new Map<number, JudgedPartition>()
  return {
    topic,
    record: timeseriesSliceSchema,
    // The sink refuses what cannot be read. A second dead letter for the same record would be noise.
    deadLetterTopic: null,
    engines: () => [...partitions.values()].map(({ engine }) => engine),
    handle: async (batch) => {
      const judged = await judgedPartition(partitions, topic, batch, parts)
      for (const { record, offset, headers } of batch) {
        if (Number(offset) < judged.nextOffset) continue
        judged.nextOffset = Number(offset) + 1
        if (!judged.engine.isWatched(record.dataset, record.key)) continue
        const isReplay = headers.replay !== undefined
        const run = runOf(record, isReplay)
        // A backfill says nothing about whether the dataset brings points now.
        const isOfNow = record.knownAt - Math.max(record.windowEnd, run.dueMs ?? 0) <= dayMs
        const news = isOfNow && !isReplay ? parts.heardOf(record.dataset, record.knownAt) : undefined
        if (news !== undefined) judged.unacknowledged.push(...parts.encode(news))
        const outcome = judged.engine.take(record.dataset, record.key, run)
        if (outcome.transitions.length > 0) judged.unacknowledged.push(...parts.encode(outcome))
        parts.onJudged(outcome, record)
      }
      return okAfter(batch.length, judged.unacknowledged, (sent) => void judged.unacknowledged.splice(0, sent))
    },
  }
}

async function judgedPartition(
  partitions: Map<number, JudgedPartition>,
  topic: string,
  batch: readonly ConsumedRecord<TimeseriesSlice>[],
  parts: JudgeParts,
): Promise<JudgedPartition> {
  const partition = batch[0]?.partition ?? 0
  const first = Number(batch[0]?.offset ?? 0)
  const rulesVersion = parts.rulesVersion()
  const held = partitions.get(partition)
  // After a gap, another alerter may have judged what came between.
  if (held !== undefined && held.rulesVersion === rulesVersion && first <= held.nextOffset) return held
  const isOurs = held !== undefined && first <= held.nextOffset
  const offset = isOurs ? held.nextOffset : first
  const told = isOurs ? held.engine.toldStates() : []
  const { engine, outcome } = await parts.start({ topic, partition, offset, told })
  const unacknowledged = [...(held?.unacknowledged ?? []), ...parts.encode(outcome)]
  const started = { engine, rulesVersion, nextOffset: offset, unacknowledged }
  partitions.set(partition, started)
  return started
}

export function runOf(slice: TimeseriesSlice, isSilent: boolean): PointRun {
  const window = { startMs: slice.windowStart, endMs: slice.windowEnd }
  return {
    ...{ startMs: slice.start, stepS: slice.step, values: slice.values, knownMs: slice.knownAt },
    ...{ dueMs: dueAtMs(slice.dataset, window), raw: slice.raw, isSilent },
  }
}
