import { compare } from './compare.ts'
import type { PointCondition } from './rule.ts'
import { durationMs } from './rule.ts'
import type { SlidingWindows } from './sliding-window.ts'

/** What a condition compares with its threshold at a point, and what it is made of. */
export interface Compared {
  compared: number | null
  reference: number | null
  samples: number | null
  expected: number | null
  /** True: it is undefined until points come from the store. What was compared before holds meanwhile. */
  isWaiting?: true
}

/** What a comparand may ask about the series that it belongs to. */
export interface PointSource {
  valueAt: (atMs: number) => number | null
  windows: () => SlidingWindows | undefined
  /** The value of another series at an instant. Null: it has none, or is not watched here. */
  otherAt: (dataset: string, key: string, atMs: number) => number | null
  /** What was known of a point that many ms before its newest value became known. Null: nothing. */
  knownBefore: (atMs: number, beforeMs: number) => number | null
}

export type Comparand = (atMs: number) => Compared

/** Conditions with the same text share a comparand: it is computed once, whoever asks. */
export function comparandKey(condition: PointCondition, minShare: number): string {
  if (condition.to === undefined) return 'value'
  return JSON.stringify([condition.as, condition.to, 'window' in condition.to ? minShare : null])
}

const nothing: Compared = { compared: null, reference: null, samples: null, expected: null }

/** Returns the function that computes what a condition compares. Undefined values are null, never a guess. */
export function comparandOf(condition: PointCondition, minShare: number, source: PointSource): Comparand {
  if (condition.to === undefined) return (atMs) => ({ ...nothing, compared: source.valueAt(atMs) })
  const { as, to } = condition
  if ('window' in to) {
    const windowMs = durationMs(to.window)
    return (atMs) => {
      const figure = source.windows()?.at(atMs, windowMs, to.of) ?? { undefined: 'not-held' as const }
      const result = compare(source.valueAt(atMs), figure, as, minShare)
      const compared = 'value' in result ? result.value : null
      if ('undefined' in figure)
        return { ...nothing, compared, ...(figure.undefined === 'reloading' && { isWaiting: true }) }
      return { compared, reference: figure.value, samples: figure.count, expected: figure.expected }
    }
  }
  const beforeMs = 'knownBefore' in to ? durationMs(to.knownBefore) : 0
  const referenceAt = (atMs: number): number | null =>
    'knownBefore' in to ? source.knownBefore(atMs, beforeMs) : source.otherAt(to.dataset, to.key, atMs)
  return (atMs) => {
    const reference = referenceAt(atMs)
    if (reference === null) return nothing
    const result = compare(source.valueAt(atMs), { count: 1, expected: 1, coverage: 1, value: reference }, as)
    return { ...nothing, compared: 'value' in result ? result.value : null, reference }
  }
}
