// A deletion on a running stack: what it concerns, and how it is carried out.
import { addDays, businessDay, dayAt } from '#core/business-day.ts'
import type { SourcedDataset } from '#core/datasets.ts'
import { day } from '#core/day.ts'
import { untilQueryable } from '#operations/history/until-queryable.ts'
import type { Store } from '#platform/clickhouse/client.ts'
import {
  type Bound,
  boundOf,
  type DeletedRows,
  keysWithoutPoints,
  removeRows,
  rowsBefore,
} from '#platform/clickhouse/deletions.ts'
import { waitForGroup } from '#platform/kafka/consumer-lag.ts'
import { UserError } from '#platform/process/user-error.ts'
import type { Deletion } from '#schemas/generated/records.ts'
import { deletionsTopic } from '#schemas/topics.ts'
import type { Dataset, Source } from '#sources/source.ts'
import { type ConcernedRecords, concernedRecords, cut, haveGrown, type Topics } from './deleted-records.ts'
import { announceDeletion, ownTables, removeFromStore } from './steps.ts'

/** The parts that a deletion works with. */
export interface DeletionParts extends Topics {
  /** As a user that may change things. */
  store: Store
}

/** What a deletion concerns, before it or as it was found. */
export interface DeletionSurvey {
  rows: DeletedRows[]
  topics: ConcernedRecords[]
  /** Keys that lose their meaning: no point of theirs is left. */
  keysWithoutPoints: number
}

/** A deletion as it is asked for. */
export interface DeletionPlan {
  /** In ms UTC: where the first day that stays begins. */
  bound: Bound
  /** The first day that stays, YYYY-MM-DD in the dataset's zone. */
  firstDayKept: string
  /** The bound that is stored already, ms UTC. A later one than this one's makes this deletion change nothing. */
  stored: number | undefined
}

/**
 * Plans a deletion of what a dataset has before a day; writes nothing.
 *
 * @param before first day that stays, YYYY-MM-DD in the dataset's zone
 * @param nowMs the time of the poller's clock, which may be a simulated one
 * @throws UserError for what is no day, or lies further ahead than upstream publishes
 */
export async function planDeletion(
  store: Store,
  { dataset }: Pick<SourcedDataset, 'dataset'>,
  before: string,
  nowMs: number,
): Promise<DeletionPlan> {
  const first = firstDayKept(dataset, before, nowMs)
  const bound = { dataset: dataset.name, before: first.window.startMs }
  return { bound, firstDayKept: first.day, stored: await boundOf(store, dataset.name) }
}

/** What is to come would be refused. */
function firstDayKept({ name, calendar }: Pick<Dataset, 'name' | 'calendar'>, text: string, nowMs: number) {
  const first = day('--before', text)
  const last = addDays(dayAt(calendar.zone, nowMs), 2)
  if (first <= last) return businessDay(calendar.zone, first)
  throw new UserError(
    `--before ${first} is after ${last}: ${name} is published until the day before that, and what is published later would never be stored.`,
  )
}

/**
 * Looks at the store and the source's topics; writes nothing.
 *
 * @param progress told of the records read, of how many, of a topic
 */
export async function surveyDeletion(
  { store, kafka, registry }: DeletionParts,
  source: Source,
  bound: Bound,
  progress: (topic: string, read: number, of: number) => void,
): Promise<DeletionSurvey> {
  const rows = await rowsBefore(store, bound, ownTables(source, bound.dataset))
  const keys = await keysWithoutPoints(store, bound)
  return {
    rows,
    topics: await concernedRecords({ kafka, registry }, source, bound, progress),
    keysWithoutPoints: keys.length,
  }
}

/** How a deletion is carried out: what the caller does and knows. */
interface DeletionContext {
  /** It is in the store already: only what an interrupted deletion left undone is done. */
  stored: boolean
  /** The topics as they were looked at. */
  topics: ConcernedRecords[]
  /** Looks at them again. */
  lookAgain: () => Promise<ConcernedRecords[]>
  /** Called when the deletion is stored and nothing before its bound enters any more. */
  onStored: () => void
  tell: (line: string) => void
}

/**
 * Deletes for good: announces the deletion and waits until the store keeps out what it concerns, removes the rows, and cuts
 * the topics when normalizer and sink have passed them. Safe to repeat from any point. Gives what was cut and what remains.
 */
export async function carryOut(
  parts: DeletionParts,
  source: Source,
  deletion: Deletion,
  carrying: DeletionContext,
): Promise<{ topics: ConcernedRecords[]; keysWithoutPoints: number }> {
  const { kafka, registry, store } = parts
  const { stored, lookAgain, onStored, tell } = carrying
  if (!stored) {
    tell('announcing it, and waiting until the store knows')
    await announceDeletion({ kafka, registry }, deletion)
    await waitForGroup(kafka, 'sink', deletionsTopic.name)
  }
  onStored()
  tell('removing the rows')
  await removeRows(store, deletion, ownTables(source, deletion.dataset))
  tell('waiting until normalizer and sink have passed what is to be cut')
  await untilQueryable(kafka, source)
  const keys = await removeFromStore(store, { kafka }, source, deletion)
  const topics = (await haveGrown(kafka, carrying.topics)) ? await lookAgain() : carrying.topics
  await cut(kafka, topics)
  return { topics, keysWithoutPoints: keys }
}
