import type { UnansweredReason, WindowAggregate } from './sliding-window.ts'

/** Why there is nothing to compare. `not-positive`: a ratio to zero or below means nothing. `overflow`: not a number. */
type UndefinedReason = UnansweredReason | 'null-value' | 'no-samples' | 'coverage' | 'not-positive' | 'overflow'

export type Comparison = { value: number } | { undefined: UndefinedReason }

/**
 * Compares a value with an aggregate of its window. `ratio` is value / aggregate, `percent` by how many percent the value
 * is above it, `difference` value - aggregate in the unit of the series. The result is undefined, and says why, if less
 * than `minCoverage` of the expected steps have a value, and for a ratio or percentage if the aggregate is not positive.
 */
export function compare(
  value: number | null,
  aggregate: WindowAggregate,
  kind: 'ratio' | 'difference' | 'percent',
  minCoverage = 0.8,
): Comparison {
  if ('undefined' in aggregate) return aggregate
  if (value === null) return { undefined: 'null-value' }
  if (aggregate.count === 0 || aggregate.value === null) return { undefined: 'no-samples' }
  if (aggregate.coverage < minCoverage) return { undefined: 'coverage' }
  if (kind !== 'difference' && aggregate.value <= 0) return { undefined: 'not-positive' }
  const difference = value - aggregate.value
  const compared =
    kind === 'difference'
      ? difference
      : kind === 'ratio'
        ? value / aggregate.value
        : (100 * difference) / aggregate.value
  return Number.isFinite(compared) ? { value: compared } : { undefined: 'overflow' }
}
