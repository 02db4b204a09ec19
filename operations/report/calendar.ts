// The windows of a dataset in a span, without holes, and what follows from them. Pure.
import type { Window } from '#core/business-day.ts'
import { UserError } from '#platform/process/user-error.ts'
import type { Dataset } from '#sources/source.ts'
import { type CompletenessClass, isGap, worstOf } from './classes.ts'
import type { ScheduleFact, WindowRow } from './facts.ts'

/** A window of the calendar, and the local day on which it begins. */
export interface GridWindow {
  day: string
  window: Window
}

export interface CalendarDay {
  day: string
  /** The worst class of the day's windows; null: no window of the dataset overlaps the day. */
  class: CompletenessClass | null
  /** Numbers of windows by class. */
  windows: Partial<Record<CompletenessClass, number>>
}

/** Adjoining windows of a selector that have the same class and cause. Instants are ISO 8601 text. */
export interface Gap {
  selector: string | null
  from: string
  /** Excluded. */
  to: string
  class: CompletenessClass
  cause: string | null
  /** Of the newest of the windows. */
  detail: string | null
  /** The earliest of the windows'. */
  since: string | null
  windows: number
  /** False: all windows were first asked for when their time was over. */
  watched: boolean
}

/**
 * Returns a row for each window of the grid and each selector that is scheduled, and all other rows. A window without a row
 * has the class that the view completeness would say of it: nobody has declared it, and nobody has asked for it.
 * @param rows in the order of selector and startMs
 */
export function withoutHoles(
  grid: readonly GridWindow[],
  rows: readonly WindowRow[],
  schedule: ScheduleFact | undefined,
  atMs: number,
): WindowRow[] {
  const bySelector = Map.groupBy(rows, ({ selector }) => selector)
  const scheduled: (string | null)[] = schedule?.selectors.length ? schedule.selectors : []
  const wanted = scheduled.length > 0 ? scheduled : bySelector.size > 0 ? [...bySelector.keys()] : [null]
  const starts = new Set(grid.map(({ window }) => window.startMs))
  const filled = wanted.flatMap((selector) => {
    const held = new Map((bySelector.get(selector) ?? []).map((row) => [row.startMs, row]))
    const others = [...held.values()].filter(({ startMs }) => !starts.has(startMs))
    const found = grid.map(({ window }) => held.get(window.startMs) ?? unknownWindow(window, selector, schedule, atMs))
    return others.length === 0 ? found : [...found, ...others].sort((one, other) => one.startMs - other.startMs)
  })
  const unwanted = rows.filter(({ selector }) => !wanted.includes(selector))
  return [...filled, ...unwanted]
}

function unknownWindow(
  { startMs, endMs }: Window,
  selector: string | null,
  schedule: ScheduleFact | undefined,
  atMs: number,
): WindowRow {
  const none = { cause: null, detail: null, sinceMs: null, latenessS: null, expectedByMs: null, lateAfterMs: null }
  const nothing = { points: null, expectedPoints: null, keys: null, usualKeys: null, lastRevisedMs: null, why: null }
  const found = (): CompletenessClass => {
    if (schedule === undefined) return 'unknown'
    if (schedule.historyBeginsMs !== null && endMs <= schedule.historyBeginsMs) return 'before-history'
    if (schedule.deletedBeforeMs !== null && endMs <= schedule.deletedBeforeMs) return 'deleted'
    return schedule.schedule === 'auto' && startMs > atMs ? 'not-yet-due' : 'not-collected'
  }
  return { selector, startMs, endMs, class: found(), ...none, ...nothing, isWatched: false }
}

/** Returns the days with their worst class. A window counts on each local day that it overlaps. */
export function calendarDays(
  days: readonly string[],
  rows: readonly WindowRow[],
  dayOf: (atMs: number) => string,
): CalendarDay[] {
  const places = new Map(days.map((day, index) => [day, index]))
  const counts = days.map(() => new Map<CompletenessClass, number>())
  for (const row of rows) {
    const first = dayOf(row.startMs)
    const last = dayOf(row.endMs - 1)
    const from = places.get(first) ?? (first < (days[0] ?? '') ? 0 : days.length)
    const to = places.get(last) ?? (last > (days.at(-1) ?? '') ? days.length - 1 : -1)
    for (let index = from; index <= to; index++) {
      const day = counts[index]
      day?.set(row.class, (day.get(row.class) ?? 0) + 1)
    }
  }
  return days.map((day, index) => {
    const windows = counts[index] ?? new Map<CompletenessClass, number>()
    return { day, class: worstOf(windows.keys()), windows: Object.fromEntries(windows) }
  })
}

/** @param rows of each selector in ascending order */
export function gapsOf(rows: readonly WindowRow[]): Gap[] {
  const gaps: { gap: Gap; endMs: number; sinceMs: number | null }[] = []
  for (const row of rows) {
    if (!isGap(row.class)) continue
    const { selector, startMs, endMs, class: found, cause, detail, sinceMs, isWatched } = row
    const last = gaps.at(-1)
    const goesOn =
      last?.endMs === startMs && last.gap.selector === selector && last.gap.class === found && last.gap.cause === cause
    if (last === undefined || !goesOn) {
      const times = { from: iso(startMs), to: iso(endMs), since: isoOrNull(sinceMs) }
      const gap = { selector, ...times, class: found, cause, detail, windows: 1, watched: isWatched }
      gaps.push({ gap, endMs, sinceMs })
      continue
    }
    last.endMs = endMs
    if (sinceMs !== null && (last.sinceMs === null || sinceMs < last.sinceMs)) last.sinceMs = sinceMs
    last.gap.to = iso(endMs)
    last.gap.detail = detail
    last.gap.since = isoOrNull(last.sinceMs)
    last.gap.windows++
    last.gap.watched ||= isWatched
  }
  return gaps.map(({ gap }) => gap)
}

export const iso = (ms: number): string => new Date(ms).toISOString()
export const isoOrNull = (ms: number | null): string | null => (ms === null ? null : iso(ms))

/** @throws UserError if the dataset comes in files, which have no windows */
export function requireWindows({ name, calendar }: Pick<Dataset, 'name' | 'calendar'>): void {
  if (calendar.kind === 'files')
    throw new UserError(`${name} is read from files and has no windows: report cannot say what is missing.`)
}
