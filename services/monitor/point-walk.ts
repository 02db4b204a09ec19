import { everKnown, firstAnswers, type SpanLimits } from '#core/reconcile/answer-spans.ts'
import { checkScope, emptyTally, type Tally } from '#core/reconcile/check-scope.ts'
import type { Store } from '#platform/clickhouse/client.ts'

/** Returns how many points of a tally are missing and were not refused. */
export type MissingPoints = (tally: Tally) => Promise<number>

/** A comparison of all answers of a dataset that were stored before an instant, piece by piece. Instants are ms UTC. */
export interface PointWalk {
  readonly dataset: string
  readonly storedBeforeMs: number
  /** Number of points that are missing in the pieces that were compared. */
  readonly missing: () => number
  /** Compares the next piece. Returns true if it was the last one. @throws if the piece cannot be compared */
  readonly advance: () => Promise<boolean>
}

/**
 * Begins a walk. A piece that lacks points is compared again at the next call, and counts if it lacks them then, too: while
 * a rebuild exchanges its tables, points may seem to be missing. After a failure the pieces are half as large.
 */
export function beginWalk(
  store: Store,
  missingOf: MissingPoints,
  { dataset, storedBeforeMs }: Pick<PointWalk, 'dataset' | 'storedBeforeMs'>,
  limits: SpanLimits,
): PointWalk {
  let [fromMs, missing, isDoubtful, smaller] = [everKnown.fromMs, 0, false, limits]
  const nextPiece = async (): Promise<boolean> => {
    const within = { ...everKnown, fromMs }
    const span = await firstAnswers(store, { by: 'known_at', within, dataset, storedBeforeMs }, smaller)
    if (span === undefined) return true
    const tally = emptyTally(dataset)
    const stored = { fromMs: 0, toMs: storedBeforeMs }
    await checkScope(store, { dataset, known: span, times: span.windows, stored }, tally)
    const found = await missingOf(tally)
    isDoubtful = found > 0 && !isDoubtful
    if (isDoubtful) return false
    missing += found
    fromMs = span.toMs + 1
    return span.isLast
  }
  const advance = async (): Promise<boolean> => {
    try {
      return await nextPiece()
    } catch (error) {
      smaller = halved(smaller)
      throw error
    }
  }
  return { dataset, storedBeforeMs, missing: () => missing, advance }
}

export const halved = ({ answers, points }: SpanLimits): SpanLimits => ({
  answers: Math.ceil(answers / 2),
  points: Math.ceil(points / 2),
})
