/**
 * Where a rule stands on a series. `pending`: the condition holds, but not for long enough. `recovering`: it fires, and
 * the condition has not held since a point that lies less than `keepFiringMs` back.
 */
export interface PhaseState {
  readonly phase: 'inactive' | 'pending' | 'firing' | 'recovering'
  /** Event time of the first point of the excursion, ms UTC. Of no meaning while inactive. */
  readonly onsetMs: number
  /** Event time of the first point at which the condition no longer held, while recovering. */
  readonly clearedMs: number
  /** How many points have met the condition since the onset. */
  readonly samples: number
  /** The newest points, for `times`: a bit each, the newest one lowest. */
  readonly bits: number
}

export interface Persistence {
  /** How long the condition holds before the rule fires, ms; 0: it fires at once. */
  forMs: number
  /** How many points must have met it in that time at least. */
  forSamples: number
  /** Of the newest `of` points, `atLeast` meet the condition. `of` is at most 31. */
  times?: { of: number; atLeast: number }
  /** How long the rule fires on after the condition has ceased to hold, ms. */
  keepFiringMs: number
}

export const inactive: PhaseState = { phase: 'inactive', onsetMs: 0, clearedMs: 0, samples: 0, bits: 0 }

/**
 * Returns where a rule stands after one more point. Pure. A condition that is undefined changes nothing: missing data
 * neither fires nor resolves, and a gap does not begin the waiting time anew. Returns the same object if nothing changed.
 * @param holds whether the point meets the condition; undefined: nobody can say
 */
export function nextPhase(before: PhaseState, atMs: number, holds: boolean | undefined, rule: Persistence): PhaseState {
  if (holds === undefined) return before
  const bits = rule.times ? ((before.bits << 1) | Number(holds)) & (2 ** rule.times.of - 1) : 0
  const met = rule.times ? countOnes(bits) >= rule.times.atLeast : holds
  const { phase } = before
  if (!met) {
    if (phase === 'inactive') return bits === before.bits ? before : { ...inactive, bits }
    if (phase === 'pending') return { ...inactive, bits }
    const clearedMs = phase === 'recovering' ? before.clearedMs : atMs
    if (atMs - clearedMs >= rule.keepFiringMs) return { ...inactive, bits }
    return phase === 'recovering' && bits === before.bits ? before : { ...before, phase: 'recovering', clearedMs, bits }
  }
  if (phase === 'firing') return bits === before.bits ? before : { ...before, bits }
  if (phase === 'recovering') return { ...before, phase: 'firing', bits }
  const onsetMs = phase === 'pending' ? before.onsetMs : atMs
  const samples = phase === 'pending' ? before.samples + 1 : 1
  const isDue = atMs - onsetMs >= rule.forMs && samples >= rule.forSamples
  return { phase: isDue ? 'firing' : 'pending', onsetMs, clearedMs: 0, samples, bits }
}

/** Whether the rule counts as firing. */
export const isFiring = ({ phase }: PhaseState): boolean => phase === 'firing' || phase === 'recovering'

function countOnes(bits: number): number {
  let rest = bits
  let ones = 0
  for (; rest !== 0; rest &= rest - 1) ones++
  return ones
}
