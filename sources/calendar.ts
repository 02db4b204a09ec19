// When a dataset's windows are due: what services/poller/due.ts and ticks.ts go by.

/** When what is due. */
export type Calendar = BusinessDays | Ticks | Files

/** Windows are local days of `zone`, or their hours, or its months; they are published on the day before. */
export interface BusinessDays {
  kind: 'days'
  window: 'day' | 'hour' | 'month'
  /** IANA zone of the business day. */
  zone: string
  /** First business day that upstream has, YYYY-MM-DD. */
  firstDay: string
  /** Local time from which a window is looked for, HH:MM, of the day before it begins or of a later one. */
  searchFrom: string
  /** Days after the day before: 0, unless it is published after delivery (2: the day after delivery). */
  searchDaysLater?: number
}

/**
 * The window is the instant of asking: every answer is a raw response and its points, also when the market is quiet.
 * The request identity is dataset and subject. A tick starts at its scheduled instant and ends at the next.
 */
export interface Ticks {
  kind: 'ticks'
  zone: 'UTC'
  /** Seconds between two ticks, from the environment variable `setting`. */
  every: { setting: string; defaultS: number; minIntervalS: number }
}

/** It comes in files: nothing is due. */
export interface Files {
  kind: 'files'
  zone: string
}
