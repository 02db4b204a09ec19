// Checks that nothing disappears unseen: every point of an accepted answer has its row in point_revisions, and every
// row has its accepted answer. core/reconcile/ has the rule, which the monitor uses, too.
import { dayAt } from '#core/business-day.ts'
import { datasetsByName, type SourcedDataset } from '#core/datasets.ts'
import { firstAnswers, type Span } from '#core/reconcile/answer-spans.ts'
import {
  checkScope,
  emptyTally,
  type IncompleteAnswer,
  type Tally,
  type UntilAnswersAreStored,
} from '#core/reconcile/check-scope.ts'
import { holdsRefusedSlice, refusedPoints } from '#core/reconcile/refused-points.ts'
import { isCompared } from '#core/reconcile/unaccounted-points.ts'
import { database, readRows, type Store } from '#platform/clickhouse/client.ts'
import type { Kafka } from '#platform/kafka/client.ts'
import { waitForGroup } from '#platform/kafka/consumer-lag.ts'
import { offsetRange } from '#platform/kafka/read-range.ts'
import type { Registry } from '#platform/kafka/registry.ts'
import { answersTopic, deadLetterTopic, rawTopic } from '#schemas/topics.ts'
import type { Source } from '#sources/source.ts'
import { readLetters } from '../dead-letters/read-letters.ts'
import { storedDatasets } from '../history/diff-tables.ts'

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
  known: Span
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

const answersAtOnce = 50_000
const nearMs = 60 * 60 * 1_000

async function balanceOfDataset(
  parts: ReconcileParts,
  name: string,
  known: Span,
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
  const refused = sourced ? await refusedPoints(parts, await refusedSlices(parts.kafka, sourced), tally.incomplete) : 0
  const missing = balance.missing - refused
  const isWhole = missing + balance.lostAnswers.answers === 0
  return { ...balance, missing, refused, repair: isWhole ? null : await repairOf(parts.kafka, sourced, tally, windows) }
}

/** Yields spans of known_at, without a gap, that have at most `answersAtOnce` answers: more only at one millisecond. */
async function* knownSpans(store: Store, dataset: string, { fromMs, toMs }: Span): AsyncGenerator<Span> {
  const limits = { answers: answersAtOnce, points: Number.MAX_SAFE_INTEGER }
  for (let from = fromMs; from <= toMs; ) {
    const span = await firstAnswers(store, { by: 'known_at', within: { fromMs: from, toMs }, dataset }, limits)
    const last = span === undefined || span.isLast ? toMs : span.toMs
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

async function refusedSlices(kafka: Kafka, { source: { name: source }, dataset }: SourcedDataset) {
  const letters = await readLetters(kafka, [deadLetterTopic(source).name])
  return { source, dataset: dataset.name, letters: letters.filter((letter) => holdsRefusedSlice(source, letter)) }
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
