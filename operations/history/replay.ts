// A replay explodes stored raw records again and publishes the slices. Then it erases rows of older transform versions.

import type { SourcedDataset } from '#core/datasets.ts'
import type { SourceOutputs } from '#core/encode-answer.ts'
import { sourceOutputs } from '#core/source-outputs.ts'
import { readRows, type Store } from '#platform/clickhouse/client.ts'
import { boundOf } from '#platform/clickhouse/deletions.ts'
import { forgetGroup, openLagMeter, waitForGroup } from '#platform/kafka/consumer-lag.ts'
import { recordsIn } from '#platform/kafka/read-range.ts'
import type { Output } from '#platform/kafka/verdict.ts'
import { whoAmI } from '#platform/process/who.ts'
import type { Replay } from '#schemas/generated/records.ts'
import { replaysTopic, timeseriesTopic } from '#schemas/topics.ts'
import type { Dataset } from '#sources/source.ts'
import { storedVersion } from './diff-tables.ts'
import { erase, type ReplayScope } from './erase.ts'
import { explodeSpan, type SpanParts } from './explode-span.ts'
import { createPace } from './pace.ts'
import { currentRawSpans, trimToRetained, type WindowRange } from './raw-span.ts'
import { type RefusedAnswer, refusalsOf } from './refusals.ts'
import { newReplayId, type ReplayLog } from './replay-log.ts'
import { beforeSpans, inSpans, inWindows } from './row-conditions.ts'
import { untilQueryable } from './until-queryable.ts'

export interface ReplayJob {
  sourced: SourcedDataset
  /** A replay that `newReplay` returned, or an interrupted replay to resume. */
  replay: Replay
  /** Maximum rate, answers/s; undefined: only the sink's queue limits the rate. */
  answersPerS?: number | undefined
  progress: (done: number, total: number) => void
  /** Called when topic `replays` has the replay. From then on, the replay can be resumed after a crash. */
  announced: () => void
  say: (text: string) => void
}

export interface ReplayResult {
  replay: Replay
  refused: RefusedAnswer[]
}

/** Plans a replay of all current raw records. Writes nothing: `runReplay` announces the replay. */
export async function newReplay(
  { kafka, store }: SpanParts & { store: Store },
  { source, dataset }: SourcedDataset,
  windows: WindowRange,
  why: string,
): Promise<Replay> {
  const now = Date.now()
  return {
    id: newReplayId(now),
    kind: 'replay',
    dataset: dataset.name,
    windowFrom: windows.fromMs,
    windowTo: windows.toMs,
    state: '',
    who: whoAmI(),
    why,
    startedAt: now,
    at: now,
    fromVersion: await storedVersion(store, dataset.name),
    toVersion: dataset.transformVersion,
    spans: await currentRawSpans(kafka, source.name),
    counts: {},
    message: '',
  }
}

const maxShown = 20
const announceEveryMs = 2_000

export async function runReplay(
  parts: SpanParts & { store: Store },
  log: ReplayLog,
  job: ReplayJob,
): Promise<ReplayResult> {
  const { kafka, registry, store } = parts
  const { source, dataset } = job.sourced
  const { id, spans } = job.replay
  const windows = { fromMs: job.replay.windowFrom, toMs: job.replay.windowTo }
  const total = recordsIn(spans)
  let replay = await log.write(job.replay, { state: 'started' })
  job.announced()
  const refused: RefusedAnswer[] = []
  let refusals = replay.counts.refused ?? 0

  const outputs = await sourceOutputs(source, registry)
  const meter = await openLagMeter(kafka, 'sink', timeseriesTopic(source.name).name)
  const pace = createPace({ lag: meter.lag, answersPerS: job.answersPerS, say: job.say })
  const groupId = `tidemark-replay-${id}`
  let announcedMs = performance.now()
  let announcing: Promise<unknown> = Promise.resolve()
  try {
    await explodeSpan(parts, {
      ...{ groupId, spans, outputs, replay: id, dataset: dataset.name, windows, say: job.say },
      // Deleted data must not be published again. The bound does not apply to files, because the window of a chunk is
      // not the time of its records.
      deletedBefore: dataset.calendar.kind === 'files' ? 0 : ((await boundOf(store, dataset.name)) ?? 0),
      // About 25 answers, which the sink stores in about 0.1 s.
      bytesABatch: 256 * 1024,
      toOutputs: async (answers) => {
        await pace.before(answers.length)
        return answers.flatMap(({ read }) => ('outputs' in read ? read.outputs : []))
      },
      onCommitted: (answers) => {
        const refusedNow = refusalsOf(answers)
        refusals += refusedNow.length
        refused.push(...refusedNow.slice(0, maxShown - refused.length))
      },
      onProgress: (done) => {
        job.progress(done, total)
        if (performance.now() - announcedMs < announceEveryMs) return
        announcedMs = performance.now()
        // Only informs users. A resumed replay continues at the group's committed offsets.
        const counts = { read: done, refused: refusals }
        announcing = log.write(replay, { state: 'started', counts }).catch(() => undefined)
      },
    })
  } finally {
    await meter.close()
  }

  job.say('all is read; waiting until the store has it, then erasing what was not published again')
  await announcing
  await untilQueryable(kafka, source, job.say)
  replay = await log.write(replay, { state: 'published', counts: { read: total, refused: refusals } })
  // The replay may not have read the records that retention has deleted since it began.
  const there = await trimToRetained(kafka, spans)
  const retold: ReplayScope = {
    ...{ dataset: dataset.name, windows, spans: there, transformVersion: dataset.transformVersion },
    ownTables: dataset.records?.tables ?? [],
  }
  const meanings = await seriesToRepublish(store, dataset, retold, outputs)
  await parts.producer.send(
    outputs.series.topic,
    meanings.map((meaning) => ({ ...meaning, headers: { replay: id } })),
  )
  await waitForGroup(kafka, 'sink', outputs.series.topic)
  const erased = await erase(store, retold, `tidemark_erase_${id.replaceAll('-', '_')}`)
  const counts = {
    ...(await countTold(store, retold)),
    erased: erased.points,
    ...(erased.answers > 0 && { 'erased answers': erased.answers }),
    ...(erased.records > 0 && { 'erased records': erased.records }),
  }
  replay = await log.write(replay, { state: 'finished', counts, message: outcomeOf(counts) })
  await waitForGroup(kafka, 'sink', replaysTopic.name)
  await forgetGroup(kafka, groupId)
  return { replay, refused }
}

/**
 * Returns the metadata of all replayed series. The metadata of a series gets the time of its newest replayed answer,
 * because the store keeps the metadata with the newest time.
 */
async function seriesToRepublish(
  store: Store,
  dataset: Dataset,
  { windows, spans, transformVersion }: ReplayScope,
  { series }: SourceOutputs,
): Promise<Output[]> {
  const told = await readRows<{ key: string; step: number; knownAt: number }>(
    store,
    `SELECT key, argMax(step_s, known_at) AS step, toUnixTimestamp64Milli(max(known_at)) AS knownAt
     FROM tidemark.point_revisions
     WHERE dataset = {dataset:String} AND ${inWindows(windows)} AND ${inSpans(spans)}
       AND transform_version = {transformVersion:UInt16}
     GROUP BY key ORDER BY key`,
    { dataset: dataset.name, transformVersion },
  )
  return told.map(({ key, step, knownAt }) => {
    const labels = dataset.labels(key)
    const meaning = {
      dataset: dataset.name,
      key,
      labels,
      unit: dataset.unitOf?.(key) ?? dataset.unit,
      step,
      transformVersion,
      emittedAt: knownAt,
    }
    return { topic: series.topic, key: `${dataset.name}/${key}`, value: series.encode(meaning) }
  })
}

async function countTold(
  store: Store,
  { dataset, windows, spans, transformVersion }: ReplayScope,
): Promise<{ answers: number; points: number; kept: number }> {
  const isTold = `transform_version = {transformVersion:UInt16} AND ${inSpans(spans)}`
  const ofWindows = `dataset = {dataset:String} AND ${inWindows(windows)}`
  const [counted] = await readRows<{ answers: number; points: number; kept: number }>(
    store,
    `SELECT
       countIf(${isTold}) AS points,
       countIf(${beforeSpans(spans)}) AS kept,
       (
         SELECT uniqExact(raw_partition, raw_offset) FROM tidemark.stored_answers WHERE ${ofWindows} AND ${isTold}
       ) AS answers
     FROM tidemark.point_revisions FINAL
     WHERE ${ofWindows}`,
    { dataset, transformVersion },
  )
  return counted ?? { answers: 0, points: 0, kept: 0 }
}

const outcomeOf = (counts: Record<string, number>): string =>
  [
    `${counts.answers} answers with ${counts.points} values published again`,
    `${counts.erased} values erased`,
    ...(counts['erased answers'] ? [`${counts['erased answers']} answers erased`] : []),
    ...(counts['erased records'] ? [`${counts['erased records']} records erased`] : []),
    ...(counts.kept ? [`${counts.kept} kept because their raw record is gone`] : []),
  ].join(', ')
