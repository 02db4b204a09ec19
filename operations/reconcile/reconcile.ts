// Checks that nothing disappears unseen: every point of an accepted answer has its row in point_revisions, and every
// row has its accepted answer. point-balance.ts has the rule.
import { dayAt } from '#core/business-day.ts'
import { datasetsByName, type SourcedDataset } from '#core/datasets.ts'
import { database, type Store } from '#platform/clickhouse/client.ts'
import type { Kafka } from '#platform/kafka/client.ts'
import { waitForGroup } from '#platform/kafka/consumer-lag.ts'
import { offsetRange } from '#platform/kafka/read-range.ts'
import type { Registry } from '#platform/kafka/registry.ts'
import { answersTopic, rawTopic } from '#schemas/topics.ts'
import type { Source } from '#sources/source.ts'
import { storedDatasets } from '../history/diff-tables.ts'
import { readRows } from '../history/read-rows.ts'
import { checkScope, emptyTally, type IncompleteAnswer, type Tally, type UntilAnswersAreStored } from './check-scope.ts'
import { refusedPoints } from './refused-slices.ts'

/** A span of known_at: what became known in [fromMs, toMs], ms UTC. */
export interface KnownSpan {
  fromMs: number
  toMs: number
}

/** All that the tables can hold: their times end in the year 2106. */
export const everKnown: KnownSpan = { fromMs: 0, toMs: 2 ** 32 * 1_000 - 1 }

/** What was found out about a dataset. `missing` has no points of slices that the store refused. */
export interface DatasetBalance extends Omit<Tally, 'windows'> {
  /** Points of slices that the store refused: dead letters hold them. */
  refused: number
  /** What a replay must read to store the missing rows and answers again; null if nothing is missing. */
  repair: Repair | null
  /** Ids of replays of the dataset that have not finished. Until they have, there may be a surplus, or lost answers. */
  unfinishedReplays: string[]
}

export interface Repair {
  /** First and last delivery day, YYYY-MM-DD in the dataset's zone. null: no source declares the dataset. */
  days: { first: string; last: string } | null
  /** Number of kept incomplete answers whose raw record retention has deleted: no replay can read them. */
  rawGone: number
}

export interface ReconcileParts {
  kafka: Kafka
  registry: Registry
  store: Store
}

export interface ReconcileJob {
  /** undefined: all datasets that have rows. */
  dataset?: string | undefined
  known: KnownSpan
  /** Longest wait for answers that are on the way, ms; default 30 s. */
  maxWaitMs?: number
  onProgress?: (done: number, total: number) => void
  say?: (text: string) => void
}

export interface Reconciliation {
  balances: DatasetBalance[]
  /** Datasets that were not compared: their answers have records of the source's own, or only count rows. */
  notCompared: string[]
}

/**
 * Compares the accepted answers that became known in a span with the rows of their points, and the rows with the
 * answers. Writes nothing. Reports as missing neither what a deletion removed, nor what the store refused, nor what is on
 * the way. Waits for answers on the way, but at most `maxWaitMs` for each source.
 *
 * Needs bounded memory, whatever the store holds: it walks dataset by dataset, in spans of known_at with at most
 * `answersAtOnce` answers, and keeps at most `maxKept` incomplete answers of a dataset.
 *
 * Known limits: two answers of different request identities that name the same point in the same millisecond have one
 * row of it, so one of them lacks a point. While a rebuild exchanges its tables, which takes milliseconds, points may
 * seem to be missing.
 */
export async function reconcile(parts: ReconcileParts, job: ReconcileJob): Promise<Reconciliation> {
  const all = job.dataset === undefined ? [...(await storedDatasets(parts.store, database))].sort() : [job.dataset]
  const compared = all.filter(isCompared)
  const balances: DatasetBalance[] = []
  const waits = new Map<Source | undefined, UntilAnswersAreStored>()
  const unfinished = await unfinishedReplays(parts.store)
  for (const [done, dataset] of compared.entries()) {
    job.onProgress?.(done, compared.length)
    const source = datasetsByName.get(dataset)?.source
    const untilStored = waits.get(source) ?? untilAnswersAreStored(parts.kafka, source, job)
    waits.set(source, untilStored)
    const balance = await balanceOfDataset(parts, dataset, job.known, untilStored)
    const ofIt = unfinished.filter((replay) => replay.dataset === dataset)
    balances.push({ ...balance, unfinishedReplays: ofIt.map(({ id }) => id) })
  }
  job.onProgress?.(compared.length, compared.length)
  return { balances, notCompared: all.filter((dataset) => !isCompared(dataset)) }
}

/**
 * Compares the accepted answers that were stored first in [storedFromMs, storedToMs), ms UTC, with the rows of their
 * points. For a service that checks all the time: it reads only these answers, and the rows of their datasets, windows
 * and known_at. An answer is visible some milliseconds after its `stored_at`, so end the span some seconds in the past.
 * Points of slices that the store refused count as missing: only their dead letters tell them apart. Returns a tally of
 * each dataset that has such answers and is compared at all.
 */
export async function unaccountedPoints(
  store: Store,
  { storedFromMs, storedToMs }: { storedFromMs: number; storedToMs: number },
): Promise<Tally[]> {
  const stored = { fromMs: storedFromMs, toMs: storedToMs }
  const datasets = await readRows<StoredSpan>(
    store,
    `SELECT dataset,
       toUnixTimestamp64Milli(min(known_at)) AS knownFromMs,
       toUnixTimestamp64Milli(max(known_at)) AS knownToMs,
       toUnixTimestamp64Milli(min(window_start)) AS timesFromMs,
       toUnixTimestamp64Milli(max(window_end)) AS timesToMs
     FROM ${database}.stored_answers
     WHERE stored_at >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
       AND stored_at < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
     GROUP BY dataset ORDER BY dataset`,
    stored,
  )
  const tallies: Tally[] = []
  for (const { dataset, knownFromMs, knownToMs, timesFromMs, timesToMs } of datasets) {
    if (!isCompared(dataset)) continue
    const tally = emptyTally(dataset)
    const known = { fromMs: knownFromMs, toMs: knownToMs }
    const times = { fromMs: timesFromMs, toMs: timesToMs }
    await checkScope(store, { dataset, known, times, stored }, tally)
    tallies.push(tally)
  }
  return tallies
}

interface StoredSpan {
  dataset: string
  knownFromMs: number
  knownToMs: number
  timesFromMs: number
  timesToMs: number
}

/** False if `points` of an answer counts records of the source's own, or the rows of its pages. */
function isCompared(name: string): boolean {
  const { dataset } = datasetsByName.get(name) ?? {}
  return dataset?.records === undefined && dataset?.asking?.pages === undefined
}

const answersAtOnce = 50_000
const nearMs = 60 * 60 * 1_000

async function balanceOfDataset(
  parts: ReconcileParts,
  name: string,
  known: KnownSpan,
  untilStored: UntilAnswersAreStored,
): Promise<Omit<DatasetBalance, 'unfinishedReplays'>> {
  const { store } = parts
  const sourced = datasetsByName.get(name)
  // The points of a tick lie near its known_at, so the primary key narrows the rows. The second look reads all times.
  const isTicks = sourced?.dataset.calendar.kind === 'ticks'
  const tally = emptyTally(name)
  for await (const span of knownSpans(store, name, known)) {
    const times = isTicks ? { fromMs: span.fromMs - nearMs, toMs: span.toMs + nearMs } : undefined
    await checkScope(store, { dataset: name, known: span, times }, tally, untilStored)
  }
  const { windows, ...balance } = tally
  if (windows === null) return { ...balance, refused: 0, repair: null }
  const refused = sourced
    ? await refusedPoints(parts, { source: sourced.source.name, dataset: name }, tally.incomplete)
    : 0
  const missing = balance.missing - refused
  const isWhole = missing + balance.lostAnswers.answers === 0
  return { ...balance, missing, refused, repair: isWhole ? null : await repairOf(parts.kafka, sourced, tally, windows) }
}

/** Yields spans of known_at, without a gap, that have at most `answersAtOnce` answers: more only at one millisecond. */
async function* knownSpans(store: Store, dataset: string, { fromMs, toMs }: KnownSpan): AsyncGenerator<KnownSpan> {
  for (let from = fromMs; from <= toMs; ) {
    const [read] = await readRows<{ answers: number; lastMs: number }>(
      store,
      `SELECT count() AS answers, toUnixTimestamp64Milli(max(known_at)) AS lastMs
       FROM (
         SELECT known_at FROM ${database}.stored_answers
         WHERE dataset = {dataset:String} AND known_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')
           AND known_at <= fromUnixTimestamp64Milli({to:Int64}, 'UTC')
         ORDER BY known_at LIMIT ${answersAtOnce}
       )`,
      { dataset, from, to: toMs },
    )
    const last = read !== undefined && read.answers === answersAtOnce ? read.lastMs : toMs
    yield { fromMs: from, toMs: last }
    from = last + 1
  }
}

/** Waits at most `maxWaitMs`. Once the services were too slow, it does not wait again. */
function untilAnswersAreStored(
  kafka: Kafka,
  source: Source | undefined,
  { maxWaitMs = 30_000, say }: ReconcileJob,
): UntilAnswersAreStored {
  let isBehind = false
  return async () => {
    if (source === undefined) return true
    if (isBehind) return false
    const stop = AbortSignal.timeout(maxWaitMs)
    const { name } = source
    const areDone =
      (await waitForGroup(kafka, 'normalizer', rawTopic(name).name, say, stop)) &&
      (await waitForGroup(kafka, 'sink', answersTopic(name).name, say, stop))
    isBehind = !areDone
    return areDone
  }
}

function unfinishedReplays(store: Store): Promise<{ id: string; dataset: string }[]> {
  const query = `SELECT id, dataset FROM ${database}.replays FINAL
    WHERE kind = 'replay' AND state NOT IN ('finished', 'failed') ORDER BY id`
  return readRows(store, query, {})
}

async function repairOf(
  kafka: Kafka,
  sourced: SourcedDataset | undefined,
  { incomplete }: Tally,
  { firstMs, lastMs }: NonNullable<Tally['windows']>,
): Promise<Repair> {
  if (sourced === undefined) return { days: null, rawGone: incomplete.length }
  const raw = await offsetRange(kafka, rawTopic(sourced.source.name).name)
  const isGone = ({ partition, offset }: IncompleteAnswer): boolean => offset < (raw.get(partition)?.from ?? Infinity)
  const { zone } = sourced.dataset.calendar
  return {
    days: { first: dayAt(zone, firstMs), last: dayAt(zone, lastMs) },
    rawGone: incomplete.filter(isGone).length,
  }
}
