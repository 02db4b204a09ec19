// The rules that say when the windows of a dataset are due. services/poller/due.ts applies them.

export type Calendar = BusinessDays | Ticks | Files

/** A window is a day, hour or month in the local time of `zone`. Upstream publishes it on the day before it begins. */
export interface BusinessDays {
  kind: 'days'
  window: 'day' | 'hour' | 'month'
  zone: string
  firstDay: string
  /** Local time (HH:MM) from which a window is requested. The day is the day before the window begins. */
  searchFrom: string
  /** Days added to the day before the window begins. With 2, requests begin on the day after delivery. Default 0. */
  searchDaysLater?: number
}

/** A window from one scheduled instant to the next. Every answer becomes a raw record, even if nothing changed. */
export interface Ticks {
  kind: 'ticks'
  zone: 'UTC'
  every: { setting: string; defaultS: number; minIntervalS: number }
}

export interface Files {
  kind: 'files'
  zone: string
}
