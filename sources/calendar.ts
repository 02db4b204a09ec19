// The rules that say from when the windows of a dataset are looked for, and by when they are expected.
// services/poller/due.ts applies the first, core/expectation.ts the second.

export type Calendar = BusinessDays | Ticks | Files

/** A window is a day, hour or month in the local time of `zone`. Most are published on the day before they begin. */
export interface BusinessDays {
  kind: 'days'
  window: 'day' | 'hour' | 'month'
  zone: string
  firstDay: string
  /** Local time (HH:MM) from which a window is requested, on the day before the window begins. */
  searchFrom: string
  /** Requests begin this many days after the day before the window: with 2, on the day after delivery. Default 0. */
  searchDaysLater?: number
  /** By when upstream has published a window, or why that is not known. The poller does not depend on it. */
  expected: Deadline | Unscheduled
}

/** A window is expected to be complete at `expectedBy`. If it is not complete `lateAfterS` seconds later, it is late. */
export interface Deadline {
  /** Local time (HH:MM) of `zone`, on the local day on which the search begins. Not before `searchFrom`. */
  expectedBy: string
  /** Grace, seconds above 0. */
  lateAfterS: number
  exceptions?: PlannedException[]
}

/** Upstream's time is not known. Windows are looked for from `searchFrom`, and are never late. */
export interface Unscheduled {
  /** One sentence that says why the time is not known. */
  notKnown: string
}

/** A time that is known beforehand, in which upstream does not keep to its usual times: [from, to). */
export interface PlannedException {
  /** ISO 8601 instant with Z or an offset: 2026-05-01T00:00:00+02:00. */
  from: string
  /** ISO 8601 instant with Z or an offset, after `from`. It is the first instant that is usual again. */
  to: string
  /** What is planned, in a few words. */
  why: string
  /**
   * - `later`, for maintenance: a window whose deadline (`expectedBy`) falls into [from, to) is expected at `to`. The
   *   grace begins at `to`.
   * - `not-expected`, for a holiday: a window that begins in [from, to) is not expected, so it is never late.
   */
  effect: 'later' | 'not-expected'
}

/**
 * A window is a tick, from one scheduled instant to the next. Every answer becomes a raw record, even if unchanged.
 * A tick is expected at its instant, and its grace is one interval.
 */
export interface Ticks {
  kind: 'ticks'
  zone: 'UTC'
  every: { setting: string; defaultS: number; minIntervalS: number }
  /** Ticks that begin in one of them are not expected. A tick that was missed is lost, so it cannot come later. */
  exceptions?: (PlannedException & { effect: 'not-expected' })[]
}

export interface Files {
  kind: 'files'
  zone: string
}

/** The expectation of a dataset whose shape is `documented`. */
export const neverSeen: Unscheduled = { notKnown: 'no answer of upstream was ever seen' }

/** The UTC interval that upstream publishes as one unit. `endMs` is exclusive. */
export interface Window {
  startMs: number
  endMs: number
}
