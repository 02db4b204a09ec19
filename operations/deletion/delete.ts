import { addDays, businessDay, dayAt } from '#core/business-day.ts'
import type { SourcedDataset } from '#core/datasets.ts'
import { parseDay } from '#core/day.ts'
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
import {
  type AffectedRecords,
  cutTopics,
  findAffectedRecords,
  haveGrown,
  type TopicClients,
} from './deleted-records.ts'
import { announceDeletion, ownTables, removeFromStore } from './steps.ts'

export interface DeletionParts extends TopicClients {
  /** Client of the store. Its user needs write permission. */
  store: Store
}

export interface DeletionSurvey {
  rows: DeletedRows[]
  topics: AffectedRecords[]
  /** Number of keys that have no point after the deletion. The metadata of these keys is deleted, too. */
  keysWithoutPoints: number
}

export interface DeletionPlan {
  bound: Bound
  /** YYYY-MM-DD in the dataset's zone. */
  firstDayKept: string
  /**
   * Bound of the deletion that the store already has, ms UTC. undefined: it has none. If this bound is after `bound`,
   * the plan changes nothing.
   */
  stored: number | undefined
}

/**
 * Plans a deletion without writing anything. `before` is the first day to keep, YYYY-MM-DD in the dataset's zone.
 * @throws UserError if the day is invalid or later than what upstream publishes
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

/** Rejects a day more than two days ahead. Otherwise the store would ignore all new values until that day. */
function firstDayKept({ name, calendar }: Pick<Dataset, 'name' | 'calendar'>, text: string, nowMs: number) {
  const first = parseDay('--before', text)
  const last = addDays(dayAt(calendar.zone, nowMs), 2)
  if (first <= last) return businessDay(calendar.zone, first)
  throw new UserError(
    `--before ${first} is after ${last}: ${name} is published until the day before that, and what is published later would never be stored.`,
  )
}

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
    topics: await findAffectedRecords({ kafka, registry }, source, bound, progress),
    keysWithoutPoints: keys.length,
  }
}

interface DeletionContext {
  /** True: the store has this deletion from an earlier run. The deletion is then not announced again. */
  stored: boolean
  /** Affected records that a survey found. If a topic has grown since, the result of `lookAgain` is used instead. */
  topics: AffectedRecords[]
  lookAgain: () => Promise<AffectedRecords[]>
  /** Called as soon as the store has the deletion. The store then ignores new rows before the bound. */
  onStored: () => void
  tell: (line: string) => void
}

/**
 * Announces the deletion, waits until the store ignores new rows before the bound, and removes the stored rows. Then
 * waits until the normalizer and the sink have consumed the topics. At last removes the metadata of keys without
 * points, and the affected records at the front of the topics. Safe to repeat after any crash.
 */
export async function executeDeletion(
  parts: DeletionParts,
  source: Source,
  deletion: Deletion,
  context: DeletionContext,
): Promise<{ topics: AffectedRecords[]; keysWithoutPoints: number }> {
  const { kafka, registry, store } = parts
  const { stored, topics: surveyed, lookAgain, onStored, tell } = context
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
  const topics = (await haveGrown(kafka, surveyed)) ? await lookAgain() : surveyed
  await cutTopics(parts, topics)
  return { topics, keysWithoutPoints: keys }
}
