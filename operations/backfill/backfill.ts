// Fetches windows of the past, also those that are held.
import { dayAt } from '#core/business-day.ts'
import type { SourcedDataset } from '#core/datasets.ts'
import type { Store } from '#platform/clickhouse/client.ts'
import { boundOf } from '#platform/clickhouse/deletions.ts'
import { highWatermarks } from '#platform/kafka/consumer-lag.ts'
import { UserError } from '#platform/process/user-error.ts'
import { deadLetterTopic, rawTopic, timeseriesTopic } from '#schemas/topics.ts'
import type { Dataset } from '#sources/source.ts'
import { untilQueryable } from '../history/until-queryable.ts'
import { datasetThatIsPolled, patientPollerStatus } from '../poller/status.ts'
import { type PollEvents, type PollParts, pollAll } from './poll-all.ts'
import { type BackfillReport, refusals, reportOf } from './report.ts'
import { type BackfillWindow, backfillWindows, noPast } from './windows.ts'

export interface BackfillParts extends PollParts {
  store: Store
}

export interface BackfillJob extends SourcedDataset {
  /** The first and the last day, YYYY-MM-DD in the dataset's zone, both included. */
  from: string
  to: string
  /** Believes at once that a window is empty which upstream answers without rows: its values are withdrawn. */
  confirmsEmpty: boolean
  /** Who asks, for the log. */
  requestedBy: string
}

export interface BackfillEvents extends PollEvents {
  /** The poller does not answer and is waited for. */
  pollerIsAway: () => void
  /** All is fetched; what is left is that its rows can be queried. */
  fetched: () => void
}

/** The supervisor starts a poller that ended within some seconds. */
const pollerPatienceMs = 30_000

/**
 * Asks the poller for the windows of some days, and returns what came of each when their rows can be queried. Can be
 * repeated at any time: the poller goes on with what was asked for.
 *
 * @param stop makes it end while the windows are polled
 * @throws UserError for days that cannot be asked for, were deleted, or of a dataset that is not polled
 */
export async function backfill(
  parts: BackfillParts,
  { source, dataset, from, to, confirmsEmpty, requestedBy }: BackfillJob,
  events: BackfillEvents,
  stop: AbortSignal,
): Promise<BackfillReport> {
  if (dataset.calendar.kind !== 'days') throw noPast(dataset)
  const { name } = dataset
  const { now, datasets } = await patientPollerStatus(parts.pollerStatus, pollerPatienceMs, events.pollerIsAway)
  const { host, subjects } = datasetThatIsPolled(datasets, name)
  const windows = backfillWindows(dataset, subjects, from, to, Date.parse(now))
  await refuseDeleted(parts.store, dataset, windows)
  const letters = { dlq: deadLetterTopic(source.name).name, raw: rawTopic(source.name).name }
  const lettersBefore = (await highWatermarks(parts.kafka, letters.dlq)).get(0) ?? 0

  const polls = await pollAll(parts, { dataset: name, host, windows, confirmsEmpty, requestedBy }, events, stop)
  events.fetched()
  await untilQueryable(parts.kafka, source)
  const slices = { topic: timeseriesTopic(source.name).name, registry: parts.registry }
  const refused = await refusals(parts.kafka, letters, lettersBefore, slices)
  return reportOf(
    name,
    { from, to },
    polls.map(({ name: day, poll, places }) => {
      const refusal = places.map((place) => refused.get(place)).find((why) => why !== undefined)
      return { day, poll, refusal }
    }),
    confirmsEmpty,
  )
}

/** @throws UserError when the first of the days was deleted: its answers would be fetched, and not stored */
async function refuseDeleted(
  store: Store,
  { name, calendar }: Dataset,
  windows: readonly BackfillWindow[],
): Promise<void> {
  const bound = await boundOf(store, name)
  const [first] = windows
  if (bound === undefined || first === undefined || first.window.startMs >= bound) return
  const kept = dayAt(calendar.zone, bound)
  throw new UserError(
    `${name} was deleted before ${kept} for good, and nothing of ${first.name} would be stored: begin with --from ${kept}.`,
  )
}
