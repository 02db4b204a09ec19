// Polls windows of the past, also windows that are already stored.
import { dayAt } from '#core/business-day.ts'
import type { SourcedDataset } from '#core/datasets.ts'
import type { Store } from '#platform/clickhouse/client.ts'
import { boundOf } from '#platform/clickhouse/deletions.ts'
import { highWatermarks } from '#platform/kafka/consumer-lag.ts'
import { UserError } from '#platform/process/user-error.ts'
import { deadLetterTopic, rawTopic, timeseriesTopic } from '#schemas/topics.ts'
import type { Dataset } from '#sources/source.ts'
import { untilQueryable } from '../history/until-queryable.ts'
import { requirePolledDataset, waitForPollerStatus } from '../poller/status.ts'
import { type PollEvents, type PollParts, pollAll } from './poll-all.ts'
import { type BackfillReport, refusals, reportOf } from './report.ts'
import { type BackfillWindow, backfillWindows, noPast } from './windows.ts'

export interface BackfillParts extends PollParts {
  store: Store
}

export interface BackfillJob extends SourcedDataset {
  /** First day, YYYY-MM-DD in the dataset's zone. */
  from: string
  /** Last day, inclusive, YYYY-MM-DD in the dataset's zone. */
  to: string
  /** True: the first empty answer is accepted without a second poll, and withdraws the window's values. */
  confirmsEmpty: boolean
  requestedBy: string
}

export interface BackfillEvents extends PollEvents {
  pollerIsAway: () => void
  /** Called when all windows are polled. The backfill then waits until their rows can be queried. */
  fetched: () => void
}

/** Timeout for the first response of the poller, ms. The supervisor can restart a poller within this time. */
const pollerPatienceMs = 30_000

/**
 * Requests windows from the poller, waits for the polls, and reports when their rows can be queried. Safe to repeat.
 * @param stop ends the wait for polls. The requests remain: the poller still executes them.
 * @throws UserError if the days are invalid or were deleted, or if the dataset is not polled or has no past windows
 */
export async function backfill(
  parts: BackfillParts,
  { source, dataset, from, to, confirmsEmpty, requestedBy }: BackfillJob,
  events: BackfillEvents,
  stop: AbortSignal,
): Promise<BackfillReport> {
  if (dataset.calendar.kind !== 'days') throw noPast(dataset)
  const { name } = dataset
  const { now, datasets } = await waitForPollerStatus(parts.pollerStatus, pollerPatienceMs, events.pollerIsAway)
  const { host, selectors } = requirePolledDataset(datasets, name)
  const windows = backfillWindows(dataset, selectors, from, to, Date.parse(now))
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
