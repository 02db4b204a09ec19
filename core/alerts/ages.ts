// How old a point may be when it becomes known, and how far ahead it may lie.
import { durationMs, type RuleVersion } from './rule.ts'

const dayMs = 86_400_000
/** Datasets with longer steps publish days ahead. */
const publishedAheadMs = 4 * dayMs
export const isPublishedAhead = (stepS: number): boolean => stepS >= 300

/** Returns how old a point may be when it becomes known and still alert, ms. */
export const maxAgeOf = ({ rule }: RuleVersion, stepS: number): number => {
  if (rule.maxAge !== undefined) return durationMs(rule.maxAge)
  return isPublishedAhead(stepS) ? dayMs : 2 * stepS * 1_000 + 60_000
}

/** Returns how far ahead of the clock a point may lie, ms. One farther ahead is an error, and would push out all others. */
export const maxAheadOf = (stepS: number): number =>
  2 * stepS * 1_000 + (isPublishedAhead(stepS) ? publishedAheadMs : 60_000)
