import { firstAnswers, type SpanLimits } from '#core/reconcile/answer-spans.ts'
import { unaccountedPoints } from '#core/reconcile/unaccounted-points.ts'
import type { Store } from '#platform/clickhouse/client.ts'
import { halved, type MissingPoints } from './point-walk.ts'

/** Points that are missing of answers which were stored before `storedBeforeMs`, ms UTC, by the store's clock. */
export interface Finding {
  dataset: string
  storedBeforeMs: number
  missing: number
}

/** Compares the answers that are stored from the beginning on, once, in the order in which they were stored. */
export interface NewAnswers {
  /** Up to here, ms UTC, answers were compared or left to others. */
  comparedToMs: () => number
  /** Compares the next answers, of those that were stored before `beforeMs`, and returns what they lack. @throws if it cannot */
  compare: (beforeMs: number) => Promise<Finding[]>
  /** Leaves the answers that `compare` failed to compare to others. */
  skip: () => void
}

/** As a walk does, it compares again what lacks points, before it counts, and less at a time after a failure. */
export function newAnswersFrom(
  store: Store,
  missingOf: MissingPoints,
  { beginMs, limits }: { beginMs: number; limits: SpanLimits },
): NewAnswers {
  let [fromMs, smaller] = [beginMs, limits]
  /** The end of the piece that is compared, ms UTC. */
  let toMs = beginMs
  let isDoubtful = false
  const findings = async (storedToMs: number): Promise<Finding[]> => {
    const found: Finding[] = []
    for (const tally of await unaccountedPoints(store, { storedFromMs: fromMs, storedToMs })) {
      const missing = await missingOf(tally)
      if (missing > 0) found.push({ dataset: tally.dataset, storedBeforeMs: storedToMs, missing })
    }
    return found
  }
  const compare = async (beforeMs: number): Promise<Finding[]> => {
    if (beforeMs <= fromMs) return []
    if (!isDoubtful) {
      toMs = beforeMs
      const within = { fromMs, toMs: beforeMs - 1 }
      const span = await firstAnswers(store, { by: 'stored_at', within }, smaller)
      if (span !== undefined && !span.isLast) toMs = span.toMs + 1
    }
    const found = await findings(toMs)
    isDoubtful = found.length > 0 && !isDoubtful
    if (isDoubtful) return []
    fromMs = toMs
    smaller = limits
    return found
  }
  return {
    comparedToMs: () => fromMs,
    compare: async (beforeMs) => {
      try {
        return await compare(beforeMs)
      } catch (error) {
        smaller = halved(smaller)
        isDoubtful = false
        throw error
      }
    },
    skip: () => {
      fromMs = toMs
      smaller = limits
    },
  }
}
