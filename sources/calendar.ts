// When the windows of a dataset are due. services/poller/due.ts and ticks.ts apply it.

export type Calendar = BusinessDays | Ticks | Files

/** A window is a local day of `zone`, or its hour or month. Upstream publishes it on the day before it begins. */
export interface BusinessDays {
  kind: 'days'
  window: 'day' | 'hour' | 'month'
  /** IANA time zone of the business day. */
  zone: string
  /** First business day that upstream has, YYYY-MM-DD. */
  firstDay: string
  /** Local time (HH:MM) from which a window is requested, on the day before it begins. */
  searchFrom: string
  /** Days to add to that day: 2 for the day after delivery. Default 0. */
  searchDaysLater?: number
}

/**
 * A tick is a window from its scheduled instant to the next one. Every answer becomes a raw record with points, even if
 * nothing changed. The request identity is dataset and selector.
 */
export interface Ticks {
  kind: 'ticks'
  zone: 'UTC'
  /** The interval in s is read from the environment variable `setting`. */
  every: { setting: string; defaultS: number; minIntervalS: number }
}

/** The data come in files: nothing is polled. */
export interface Files {
  kind: 'files'
  zone: string
}
