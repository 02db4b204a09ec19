import type { DeclaredStep, Refusal, Window } from '../source.ts'

export interface Grid {
  stepS: number
  /** True if the rows have a finer step than the dataset declares. */
  changed: boolean
  length: number
}

const finestStepS = 60

/**
 * Returns the grid on which rows of these times lie. Refuses rows with a coarser step than declared, or with mixed steps,
 * because values would have to be invented for the gaps. `timesMs` must not be empty.
 */
export function gridOf(timesMs: readonly number[], window: Window, history: DeclaredStep[]): Grid | Refusal {
  const declaredS = history.findLast(({ fromMs }) => fromMs <= window.startMs)?.stepS ?? history[0]?.stepS
  if (declaredS === undefined) throw new Error('a dataset declares at least one step')
  const offsetsS = [...new Set(timesMs.map((timeMs) => (timeMs - window.startMs) / 1000))].sort((a, b) => a - b)
  const commonS = offsetsS.reduce(greatestCommonDivisor, 0)
  const grid = (stepS: number) => ({
    stepS,
    changed: stepS !== declaredS,
    length: Math.floor((window.endMs - window.startMs) / 1000 / stepS),
  })

  if (commonS % declaredS === 0) {
    const first = offsetsS[0] ?? 0
    const gapS = offsetsS.map((offsetS) => offsetS - first).reduce(greatestCommonDivisor, 0)
    if (offsetsS.length >= 3 && gapS > declaredS)
      return refused(`rows are ${gapS} s apart, declared are ${declaredS} s`)
    return grid(declaredS)
  }
  if (commonS < finestStepS || declaredS % commonS !== 0) {
    return refused(`rows lie on no regular step (common divisor ${commonS} s), declared are ${declaredS} s`)
  }
  const perPeriod = new Map<number, number>()
  for (const offsetS of offsetsS) {
    const period = Math.floor(offsetS / declaredS)
    perPeriod.set(period, (perPeriod.get(period) ?? 0) + 1)
  }
  if ([...perPeriod.values()].some((count) => count === 1)) {
    return refused(`rows of ${declaredS} s and ${commonS} s are mixed in one window`)
  }
  return grid(commonS)
}

const refused = (message: string): Refusal => ({ reason: 'step', message })

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}
