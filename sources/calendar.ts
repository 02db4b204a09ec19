// The rules that say when the windows of a dataset are due. services/poller/due.ts applies them.

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
}

/** A window is a tick, from one scheduled instant to the next. Every answer becomes a raw record, even if unchanged. */
export interface Ticks {
  kind: 'ticks'
  zone: 'UTC'
  every: { setting: string; defaultS: number; minIntervalS: number }
}

export interface Files {
  kind: 'files'
  zone: string
}
