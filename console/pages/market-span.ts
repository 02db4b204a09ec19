import type { MarketBucket } from '../api/records.ts'
import { minuteText, withoutDay } from '../local-time.ts'

const hourMs = 3_600_000
const bucketMs = hourMs / 6

/**
 * Says of which span the samples of a market are: `last 24 hours`, or since when and how many hours of 24 if it is less.
 * Buckets of ten minutes, in the order of time. Pure.
 */
export function heldText(buckets: readonly Pick<MarketBucket, 'start'>[], nowMs: number, tz: string): string {
  const [first] = buckets
  const startMs = first === undefined ? Number.NaN : Date.parse(first.start)
  // The first bucket of a whole day may begin up to a bucket late.
  if (!(nowMs - startMs < 24 * hourMs - 2 * bucketMs)) return 'last 24 hours'
  const hours = Math.max(0, (nowMs - startMs) / hourMs)
  const text = hours < 1 ? `${Math.round(hours * 60)} min` : `${Math.floor(hours)} h`
  return `since ${withoutDay(minuteText(startMs, tz), nowMs, tz)}, ${text} of 24 h`
}
