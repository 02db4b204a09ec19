import type { Clock } from '#core/clock.ts'
import { datasetsByName } from '#core/datasets.ts'
import type { Store } from '#platform/clickhouse/client.ts'
import { boundOf } from '#platform/clickhouse/deletions.ts'
import type { Producer } from '#platform/kafka/produce.ts'
import type { Logger } from '#platform/process/log.ts'
import { pause } from '#platform/process/retry.ts'
import { qualityFindingsTopic } from '#schemas/completeness-topics.ts'
import type { QualityFinding } from '#schemas/generated/records.ts'
import type { Dataset } from '#sources/source.ts'
import { findingChanges, findingName, runCheck, withdrawn } from './check-quality.ts'
import type { MonitorMetrics } from './metrics.ts'
import * as questions from './quality-questions.ts'
import type { StoredClock } from './stored-clock.ts'
import { deletedFindings, findingCounts, heldFindings, newestFindingMs } from './stored-findings.ts'

export interface QualityParts {
  store: Store
  storedNow: StoredClock
  producer: Pick<Producer, 'send'>
  encode: (finding: QualityFinding) => Buffer
  clock: Pick<Clock, 'now'>
  metrics: Pick<MonitorMetrics, 'showFindings'>
  log: Pick<Logger, 'info' | 'warn'>
  datasets?: readonly Dataset[]
}

/** Real ms between two rounds. */
const everyMs = 60_000
/** Real ms until the next round where something was sent, which the metrics are to show once the store has it. */
const afterSentMs = 15_000
const dayMs = 86_400_000
/** After a start, what was stored in this time is checked again, ms. */
const lookBackMs = { days: 31 * dayMs, ticks: 2 * dayMs, files: 0 }
/** An insert that takes long is visible late, so each round looks again at what was stored in this time before, ms. */
const overlapMs = 120_000
/** Maximum length of what one question reads, besides the reach of the check, ms. */
const maxBatchMs = { days: 40 * dayMs, ticks: 2 * 3_600_000, files: 0 }

/**
 * Returns a function that runs the checks on what was stored since its last call. The first call goes back a month. It
 * returns true if records were sent that the store does not show yet.
 */
export function qualityRounds(parts: QualityParts) {
  const { store, storedNow, producer, encode, clock, metrics, log, datasets = declared() } = parts
  const queue: questions.TouchedRange[] = []
  /** Records that were sent, and that the store does not show yet, by the name of the finding. */
  const unseen = new Map<string, QualityFinding>()
  let seenToMs: number | undefined
  let replayedToMs: number | undefined
  let lastAtMs = 0

  const queueTouched = async (): Promise<void> => {
    const toMs = await storedNow(0)
    const touched: questions.TouchedRange[] = []
    for (const kind of ['days', 'ticks'] as const) {
      const names = datasets.filter(({ calendar }) => calendar.kind === kind).map(({ name }) => name)
      const sinceMs = seenToMs === undefined ? toMs - lookBackMs[kind] : seenToMs - overlapMs
      if (names.length > 0) touched.push(...(await questions.touchedByAnswers(store, names, sinceMs, toMs)))
    }
    replayedToMs ??= Math.max(0, (await questions.newestReplayMs(store)) - lookBackMs.days)
    const names = datasets.map(({ name }) => name)
    const replays = await questions.touchedByReplays(store, names, replayedToMs)
    queue.push(...batchesOf([...queue.splice(0), ...touched, ...replays.ranges], datasets))
    seenToMs = toMs
    replayedToMs = replays.newestMs
  }
  const publish = async (records: QualityFinding[]): Promise<void> => {
    if (records.length === 0) return
    await producer.send(
      qualityFindingsTopic.name,
      records.map((record) => ({ key: findingName(record), value: encode(record) })),
    )
    for (const record of records) unseen.set(findingName(record), record)
    log.info({ findings: records.length }, 'findings changed')
  }
  const nextAtMs = (): number => {
    lastAtMs = Math.max(lastAtMs + 1, clock.now().nowMs)
    return lastAtMs
  }
  const check = async (dataset: Dataset, range: questions.Range): Promise<void> => {
    const deletedToMs = (await boundOf(store, dataset.name)) ?? Number.NEGATIVE_INFINITY
    for (const declaredCheck of dataset.acrossAnswers ?? []) {
      const checked = await runCheck(store, dataset, declaredCheck, range)
      checked.findings = checked.findings.filter(({ fromMs }) => fromMs >= deletedToMs)
      const stored = await heldFindings(store, dataset.name, checked.check, checked.range)
      const held = withUnseen(stored, unseen, { dataset: dataset.name, ...checked })
      await publish(findingChanges(dataset.name, checked, held, nextAtMs()))
    }
  }
  return async (stopping?: AbortSignal): Promise<boolean> => {
    const storedToMs = await newestFindingMs(store)
    lastAtMs = Math.max(lastAtMs, storedToMs)
    for (const [name, { at }] of unseen) if (at <= storedToMs) unseen.delete(name)
    await queueTouched()
    for (;;) {
      const [next] = queue
      if (next === undefined || stopping?.aborted) break
      const dataset = datasets.find(({ name }) => name === next.dataset)
      if (dataset !== undefined) await check(dataset, next)
      queue.shift()
    }
    const atMs = nextAtMs()
    const deleted = await deletedFindings(store)
    await publish(deleted.filter((each) => !unseen.has(findingName(each))).map((each) => withdrawn(each, atMs)))
    metrics.showFindings(await findingCounts(store, atMs - lookBackMs.days), atMs)
    return unseen.size > 0
  }
}

/** Runs a round every minute. A round that fails is tried again, and goes on where it failed. */
export function startQuality(parts: QualityParts): { stop: () => Promise<void> } {
  const stopping = new AbortController()
  const round = qualityRounds(parts)
  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const beganMs = performance.now()
      const hasSent = await round(stopping.signal).catch((error: Error) => {
        parts.log.warn({ err: error }, 'the checks across answers cannot run: trying again')
        return false
      })
      const waitMs = beganMs + (hasSent ? afterSentMs : everyMs) - performance.now()
      await pause(Math.max(0, waitMs), stopping.signal)
    }
  }
  const ended = loop()
  return {
    stop: async () => {
      stopping.abort()
      await ended
    },
  }
}

const declared = (): Dataset[] =>
  [...datasetsByName.values()]
    .map(({ dataset }) => dataset)
    .filter(({ acrossAnswers = [] }) => acrossAnswers.length > 0)

/** Joins ranges of a dataset while they are not longer than one question may read. In the order of time. */
export function batchesOf(
  ranges: readonly questions.TouchedRange[],
  datasets: readonly Pick<Dataset, 'name' | 'calendar'>[],
): questions.TouchedRange[] {
  const batches: questions.TouchedRange[] = []
  const kinds = new Map(datasets.map(({ name, calendar }) => [name, calendar.kind]))
  const byDataset = Map.groupBy(ranges, ({ dataset }) => dataset)
  for (const [dataset, own] of byDataset) {
    const longest = maxBatchMs[kinds.get(dataset) ?? 'files']
    let last: questions.TouchedRange | undefined
    for (const range of own.toSorted((one, other) => one.fromMs - other.fromMs)) {
      if (last !== undefined && Math.max(last.toMs, range.toMs) - last.fromMs <= longest) {
        last.toMs = Math.max(last.toMs, range.toMs)
      } else {
        last = { ...range }
        batches.push(last)
      }
    }
  }
  return batches
}

/** Returns the findings that hold, by what is stored and by what was sent meanwhile. */
function withUnseen(
  stored: readonly QualityFinding[],
  unseen: ReadonlyMap<string, QualityFinding>,
  of: { dataset: string; check: string; range: questions.Range },
): QualityFinding[] {
  const sent = [...unseen.values()].filter(({ dataset, check, from }) => {
    return dataset === of.dataset && check === of.check && from >= of.range.fromMs && from < of.range.toMs
  })
  const held = new Map([...stored, ...sent].map((finding) => [findingName(finding), finding]))
  return [...held.values()].filter(({ withdrawnAt }) => withdrawnAt === null)
}
