// When the windows of a dataset are due. services/poller/due.ts applies it.

export type Calendar = BusinessDays | Ticks | Files

/** A window is a local day of `zone`, or its hour or month. Upstream publishes it on the day before it begins. */
export interface BusinessDays {
  kind: 'days'
  window: 'day' | 'hour' | 'month'
  zone: string
  firstDay: string
  /** Local time (HH:MM) from which a window is requested, on the day before it begins. */
  searchFrom: string
  /** Days to add to that day: 2 for the day after delivery. Default 0. */
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
