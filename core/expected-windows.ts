// What is expected of each dataset, as records. All functions are pure.

import type { DatasetSchedule, ExpectedWindow } from '#schemas/generated/records.ts'
import type { BusinessDays, Ticks } from '#sources/calendar.ts'
import type { DeclaredStep } from '#sources/source.ts'
import { addDays, businessDay, dayAt, type Window } from './business-day.ts'
import { expectationOf, tickExpectation } from './expectation.ts'
import type { Host, HostedDataset } from './hosts.ts'
import { requestIdentity } from './request-identity.ts'
import { windowsBetween } from './windows.ts'

export type ExpectingDataset = Pick<HostedDataset, 'dataset' | 'selectors' | 'schedule' | 'intervalMs'>

/** What a record says about its window, besides when it was declared. */
export type Declared = Omit<ExpectedWindow, 'declaredAt' | 'backdated'>

/** Number of days after today whose windows are expected already. */
const daysAhead = 2
/** The first tick of a new interval is expected this long after its declaration, ms: the poller starts meanwhile. */
const startUpMs = 60_000

/**
 * Returns the expected windows of a dataset from today to the end of the day after tomorrow, or further for windows that
 * upstream publishes long before they begin. Ticks are intervals of a UTC day, from now on. Returns nothing for a dataset
 * whose schedule is not `auto`. A window whose time is over by now is late after its grace from now on, because nobody
 * watched it before.
 * @param nowMs ms UTC
 */
export function expectedWindows(scheduled: ExpectingDataset, nowMs: number): Declared[] {
  const { dataset, schedule } = scheduled
  const { calendar } = dataset
  if (schedule !== 'auto' || calendar.kind === 'files') return []
  if (calendar.kind === 'ticks') return expectedTicks(scheduled, calendar, nowMs)
  const today = dayAt(calendar.zone, nowMs)
  const last = addDays(today, daysAhead + Math.max(0, -(calendar.searchDaysLater ?? 0)))
  return windowsBetween(calendar, today, last)
    .filter(({ window }) => dayAt(calendar.zone, window.endMs - 1) >= calendar.firstDay && window.endMs > nowMs)
    .flatMap(({ day, window }) =>
      scheduled.selectors.map((selector) => expectedWindow(scheduled, calendar, day, window, selector, nowMs)),
    )
}

/** Returns what is expected of one window of days, hours or months. `declaredAtMs`: from when on it is watched. */
export function expectedWindow(
  { dataset }: Pick<ExpectingDataset, 'dataset'>,
  calendar: BusinessDays,
  day: string,
  window: Window,
  selector: string | null,
  declaredAtMs: number,
): Declared {
  const expectation = expectationOf(calendar, day, window)
  const isExpected = expectation.state === 'expected'
  const graceMs = isExpected ? expectation.lateAfterMs - expectation.expectedByMs : 0
  return {
    dataset: dataset.name,
    requestIdentity: requestIdentity(dataset.name, window, selector),
    selector,
    windowStart: window.startMs,
    windowEnd: window.endMs,
    everyS: null,
    expectedBy: isExpected ? expectation.expectedByMs : null,
    lateAfter: isExpected ? Math.max(expectation.lateAfterMs, declaredAtMs + graceMs) : null,
    why: isExpected ? null : expectation.why,
    steps: stepsOf(dataset.steps, window),
  }
}

function expectedTicks({ dataset, selectors, intervalMs }: ExpectingDataset, calendar: Ticks, nowMs: number) {
  if (intervalMs === null) return []
  const today = dayAt('UTC', nowMs)
  const days = Array.from({ length: daysAhead + 1 }, (_, count) => businessDay('UTC', addDays(today, count)).window)
  const intervals = days.flatMap(({ startMs, endMs }) =>
    tickExpectation(calendar, intervalMs / 1_000, Math.max(startMs, nowMs), endMs),
  )
  return selectors.flatMap((selector) =>
    intervals.map(({ fromMs, everyS, untilMs }): Declared => {
      const named = { dataset: dataset.name, requestIdentity: requestIdentity(dataset.name, null, selector), selector }
      const times = { windowStart: fromMs, windowEnd: untilMs, everyS, expectedBy: null, lateAfter: null }
      return { ...named, ...times, why: null, steps: (untilMs - fromMs) / (everyS * 1_000) }
    }),
  )
}

/** Returns the declared step at an instant. The first one also holds before its start. undefined: there is none. */
export const stepAt = (steps: readonly DeclaredStep[], atMs: number): DeclaredStep | undefined =>
  steps.findLast(({ fromMs }) => fromMs <= atMs) ?? steps[0]

function stepsOf(steps: readonly DeclaredStep[], { startMs, endMs }: Window): number | null {
  const step = stepAt(steps, startMs)
  return step === undefined ? null : Math.round((endMs - startMs) / (step.stepS * 1_000))
}

/**
 * Returns the records that make `known` what `wanted` says: new windows, and windows that changed before they were due.
 * Intervals of ticks that are no longer wanted end now. A window that is no longer wanted keeps what was declared: the
 * schedule says that nobody collects it.
 * @param known what counts now, of windows that end after now
 */
export function newExpectations(
  known: readonly Declared[],
  wanted: readonly Declared[],
  nowMs: number,
): ExpectedWindow[] {
  const declared = (window: Declared): ExpectedWindow => ({ ...window, declaredAt: nowMs, backdated: false })
  const nameOf = ({ requestIdentity, windowStart }: Declared) => `${requestIdentity} ${windowStart}`
  const held = new Map(known.filter(({ everyS }) => everyS === null).map((window) => [nameOf(window), window]))
  const windows = wanted.filter((window) => {
    const before = held.get(nameOf(window))
    if (window.everyS !== null || before === undefined) return window.everyS === null
    const isDue = before.expectedBy !== null && before.expectedBy <= nowMs
    return !isDue && saysOther(before, window)
  })
  return [...windows, ...newTicks(known, wanted, nowMs)].map(declared)
}

const saysOther = (one: Declared, other: Declared): boolean =>
  one.expectedBy !== other.expectedBy ||
  one.lateAfter !== other.lateAfter ||
  one.why !== other.why ||
  one.steps !== other.steps

/**
 * Ends intervals that are no longer wanted, and begins those that no known interval covers, a minute from now at the
 * earliest.
 */
function newTicks(known: readonly Declared[], wanted: readonly Declared[], nowMs: number): Declared[] {
  const ticks = wanted.filter(({ everyS }) => everyS !== null)
  const isCovered = (part: Declared, by: readonly Declared[]): boolean =>
    by.some(
      ({ requestIdentity, everyS, windowStart, windowEnd }) =>
        requestIdentity === part.requestIdentity &&
        everyS === part.everyS &&
        windowStart <= Math.max(part.windowStart, nowMs + startUpMs + 1_000 * (part.everyS ?? 0)) &&
        windowEnd >= part.windowEnd,
    )
  const held = known.filter(({ everyS, windowEnd }) => everyS !== null && windowEnd > nowMs)
  const ended = held.flatMap((interval) => {
    if (isCovered(interval, ticks)) return []
    const everyMs = (interval.everyS ?? 1) * 1_000
    const untilMs = Math.max(interval.windowStart, Math.ceil(nowMs / everyMs) * everyMs)
    if (untilMs >= interval.windowEnd) return []
    return [{ ...interval, windowEnd: untilMs, steps: (untilMs - interval.windowStart) / everyMs }]
  })
  const kept = held.filter(
    (interval) =>
      !ended.some(({ requestIdentity, windowStart }) => {
        return requestIdentity === interval.requestIdentity && windowStart === interval.windowStart
      }),
  )
  const begun = ticks
    .filter((interval) => !isCovered(interval, kept))
    .flatMap((interval) => {
      const everyMs = (interval.everyS ?? 1) * 1_000
      const windowStart = Math.max(interval.windowStart, Math.ceil((nowMs + startUpMs) / everyMs) * everyMs)
      const steps = (interval.windowEnd - windowStart) / everyMs
      return steps > 0 ? [{ ...interval, windowStart, steps }] : []
    })
  return [...ended, ...begun]
}

/** Returns how each dataset that has an upstream is collected from now on. `by`: the program that says it. */
export function schedulesOf(hosts: readonly Host[], because: (dataset: string) => string, by: string, nowMs: number) {
  return hosts.flatMap(({ name: host, datasets, off }): DatasetSchedule[] => [
    ...datasets.map(({ dataset, schedule, selectors, intervalMs }) => ({
      ...historyOf(dataset.calendar),
      ...{ dataset: dataset.name, at: nowMs, schedule, because: because(dataset.name), host, by },
      selectors: selectors.filter((selector) => selector !== null),
      everyS: intervalMs === null ? null : intervalMs / 1_000,
      keysVary: dataset.keysVary !== undefined,
    })),
    ...off.map((each) => ({
      ...historyOf(each.dataset.calendar),
      ...{ dataset: each.dataset.name, at: nowMs, schedule: 'off', because: each.because, host, by },
      selectors: [],
      everyS: null,
      keysVary: each.dataset.keysVary !== undefined,
    })),
  ])
}

function historyOf(
  calendar: HostedDataset['dataset']['calendar'],
): Pick<DatasetSchedule, 'firstDay' | 'historyBegins'> {
  if (calendar.kind !== 'days') return { firstDay: null, historyBegins: null }
  const { firstDay, zone } = calendar
  return { firstDay, historyBegins: businessDay(zone, firstDay).window.startMs }
}

/** Returns the schedules that say something else than the newest known ones, by dataset. */
export function newSchedules(
  known: ReadonlyMap<string, DatasetSchedule>,
  now: readonly DatasetSchedule[],
): DatasetSchedule[] {
  const words = ({ at: _at, by: _by, ...rest }: DatasetSchedule) => JSON.stringify(Object.entries(rest).sort())
  return now.filter((schedule) => {
    const before = known.get(schedule.dataset)
    return before === undefined || words(before) !== words(schedule)
  })
}
