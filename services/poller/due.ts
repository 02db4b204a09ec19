import { addDays, type BusinessDay, businessDay, dayAt, dayBeforeAtMs } from '#platform/polling/business-day.ts'
import { requestIdentity } from '#platform/polling/request-identity.ts'
import type { BusinessDays, Dataset } from '#sources/source.ts'
import { retryDelayMs } from './backoff.ts'
import type { Candidate, Lane, Moment } from './candidate.ts'
import type { Known } from './memory.ts'

export interface DueSettings {
  /** Business days before today that are fetched without being asked for; 0: none. */
  backfillDays: number
  /** Windows of the last so many days are looked at again every hour. */
  revisitHourlyDays: number
  /** Windows of the last so many days are looked at again every day; older ones only on request. */
  revisitDailyDays: number
}

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

/** While tomorrow is looked for. */
const searchEveryMs = minuteMs

/**
 * The windows of a dataset that the calendar wants polled, each once, with the time until it is due. Pure: the same
 * moment and memory give the same candidates.
 */
export function calendarCandidates(
  moment: Moment,
  dataset: Dataset,
  known: (identity: string) => Known | undefined,
  settings: DueSettings,
): Candidate[] {
  if (dataset.calendar.kind !== 'days') return []
  const today = dayAt(dataset.calendar.zone, moment.nowMs)
  const pastDays = Math.max(settings.backfillDays, settings.revisitDailyDays)
  return daysOf(dataset, today, pastDays).flatMap((day) => {
    const due = dueOf(moment, dataset, day, known(day.identity), settings)
    return due === undefined ? [] : [{ identity: day.identity, dataset, window: day.window, ...due }]
  })
}

type Due = Pick<Candidate, 'lane' | 'dueInMs' | 'first'>

function dueOf(
  moment: Moment,
  dataset: Dataset,
  { day, window, identity, ageDays }: DatasetDay,
  known: Known | undefined,
  settings: DueSettings,
): Due | undefined {
  const first = known === undefined || known.memory.lastGoodFetchedAt === null
  const elapsedMs = known === undefined ? Number.POSITIVE_INFINITY : sincePolledMs(moment, known)
  const failures = known?.memory.failures ?? 0
  const after = (lane: Lane, intervalMs: number): number => {
    if (known === undefined) return 0
    const waitMs = failures > 0 ? Math.min(intervalMs, retryDelayMs(lane, identity, failures)) : intervalMs
    return waitMs - elapsedMs
  }
  if (window.startMs > moment.nowMs && known?.memory.completeness !== 'complete') {
    const { zone, searchFrom } = businessDays(dataset)
    const searchInMs = dayBeforeAtMs(zone, day, searchFrom) - moment.nowMs
    const longestMs = failures > 0 ? Number.POSITIVE_INFINITY : searchEveryMs
    return { lane: 'live', dueInMs: Math.max(searchInMs, after('live', longestMs)), first }
  }
  if (known === undefined && ageDays > settings.backfillDays) return undefined
  if (first && ageDays <= settings.backfillDays)
    return { lane: 'background', dueInMs: after('background', hourMs), first }
  const intervalMs = revisitEveryMs(ageDays, settings)
  return intervalMs === undefined ? undefined : { lane: 'background', dueInMs: after('background', intervalMs), first }
}

/** How often a window that ended `ageDays` ago is looked at again for revisions; undefined: only on request. */
function revisitEveryMs(ageDays: number, settings: DueSettings): number | undefined {
  if (ageDays <= settings.revisitHourlyDays) return hourMs
  if (ageDays <= settings.revisitDailyDays) return dayMs
  return undefined
}

/** How long ago a window was polled, ms. */
export function sincePolledMs(moment: Moment, known: Pick<Known, 'polledAtMs' | 'polledSteadyMs'>): number {
  return Math.max(moment.nowMs - known.polledAtMs, moment.steadyMs - known.polledSteadyMs)
}

/** A business day as a dataset's request. `ageDays`: how many days it lies before today; -1 is tomorrow. */
interface DatasetDay extends BusinessDay {
  identity: string
  ageDays: number
}

const cachedDays = new WeakMap<Dataset, { today: string; pastDays: number; days: DatasetDay[] }>()

/** The dataset's days from `pastDays` before today to tomorrow. Zone arithmetic is slow and the answer good for a day: kept. */
function daysOf(dataset: Dataset, today: string, pastDays: number): DatasetDay[] {
  const cached = cachedDays.get(dataset)
  if (cached?.today === today && cached.pastDays === pastDays) return cached.days
  const { zone, firstDay } = businessDays(dataset)
  const ages = Array.from({ length: pastDays + 2 }, (_, index) => pastDays - index)
  const days = ages.flatMap((ageDays) => {
    const { day, window } = businessDay(zone, addDays(today, -ageDays))
    return day < firstDay ? [] : [{ day, window, ageDays, identity: requestIdentity(dataset.name, window) }]
  })
  cachedDays.set(dataset, { today, pastDays, days })
  return days
}

function businessDays({ name, calendar }: Dataset): BusinessDays {
  if (calendar.kind !== 'days') throw new Error(`${name} has no business days`)
  return calendar
}
