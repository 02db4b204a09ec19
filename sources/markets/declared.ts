// What all tickers declare alike.
import type { Asking, DeclaredStep } from '../source.ts'

/** Samples are as far apart as a tick is long; a setting may say otherwise, and the slice then says so. */
export const every10s: DeclaredStep[] = [{ fromMs: Date.parse('2013-01-01T00:00:00Z'), stepS: 10 }]

/** For raw of the last 30 days, Source.retention, and what it means for replay. */
export const retention = { rawDays: 30 }
export const keptShort =
  'Answers are kept for 30 days (zstd): a replay or a rebuild reaches no further back, older points stay as they were read.'

export const asked: Pick<Asking, 'live' | 'pastMonth' | 'meaningfulStatuses' | 'maxBodyBytes'> = {
  live: true,
  // No exchange answers for the past.
  pastMonth: false,
  meaningfulStatuses: [],
  // All markets of Binance are about 2 MB.
  maxBodyBytes: 6 * 1024 * 1024,
}
