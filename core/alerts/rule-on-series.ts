import { inactive, isFiring, nextPhase, type PhaseState } from './phase.ts'
import { durationMs, type Operator, type PointCondition, pointConditions, type RuleVersion } from './rule.ts'
import type { PointRun } from './series-points.ts'

/** A time during which a rule fired on a series. */
export interface Episode {
  onsetMs: number
  /** Event time of the point at which the rule fired, and of the one at which it resolved. Null: it fires. */
  firedMs: number
  endsMs: number | null
  /** It fired by points that never alert: of the past, or of a replay. It is told only if it goes on. */
  isSilent: boolean
}

/** An episode that was told, and by which transition. */
export interface ToldEpisode extends Episode {
  firingId: string
}

/** What was told before this process began, and up to which piece of which answer. */
export interface ToldBefore {
  episodes: readonly ToldEpisode[]
  /** When the answer became known that was told last, ms UTC. */
  knownMs: number
  /**
   * How many pieces of that answer were taken until then: slices of the series and of those that it is compared with, and
   * the end of the answer. Absent: all.
   */
  pieces?: number
}

/** The answer that brought the points that are judged. */
export type JudgedAnswer = Pick<PointRun, 'knownMs' | 'isSilent'>

/** A condition and where the numbers that it compares come from. */
export interface JudgedCondition {
  condition: PointCondition
  /** What is compared with the threshold, by cell. Null: undefined. */
  compared: (cell: number) => number | null
}

/** A rule on one series: the fold of its phase over the points in the order of event time, which can be rewound. */
export class RuleOnSeries {
  readonly version: RuleVersion
  readonly maxAgeMs: number
  /** Of answers that became known before then all was told before this process began, ms UTC. */
  readonly toldUntilMs: number
  /** Of the answer that became known then, so many pieces. */
  readonly toldPieces: number
  private readonly conditions: readonly JudgedCondition[]
  private readonly join: 'all' | 'any'
  private readonly persistence: Parameters<typeof nextPhase>[3]
  private state: PhaseState = inactive
  /** What the state was before a point changed it, oldest first. */
  private history: { cell: number; before: PhaseState }[] = []
  private steppedTo = Number.NEGATIVE_INFINITY
  /** Silent episodes that the points of `judgedMs` have undone. They are silent if the same points bring them about again. */
  private readonly silentOnsets = new Set<number>()
  /** When the answer became known whose points were taken last. undefined: they were read again. */
  private judgedMs: number | undefined
  /** After a start, the first slices of an answer may have been taken without telling anything, and the others not. */
  private isJudgedSilently = false
  /** Oldest first. Only the last one may be open. */
  episodes: Episode[] = []
  told: ToldEpisode[]
  /** Silent points have changed something since it was last compared with what was told. */
  mayOwe = false

  constructor(
    version: RuleVersion,
    conditions: readonly JudgedCondition[],
    stepMs: number,
    { maxAgeMs, told }: { maxAgeMs: number; told: ToldBefore | undefined },
  ) {
    const { rule } = version
    this.version = version
    this.maxAgeMs = maxAgeMs
    this.conditions = conditions
    this.join = pointConditions(rule.when).join
    const forMs = rule.for === undefined ? 0 : durationMs(rule.for)
    this.persistence = {
      forMs,
      forSamples: Math.max(1, Math.floor((forMs / stepMs) * rule.minShare)),
      keepFiringMs: rule.keepFiringFor === undefined ? 0 : durationMs(rule.keepFiringFor),
      ...(rule.times && { times: rule.times }),
    }
    this.told = [...(told?.episodes ?? [])]
    this.toldUntilMs = told?.knownMs ?? Number.NEGATIVE_INFINITY
    this.toldPieces = told?.pieces ?? Number.POSITIVE_INFINITY
  }

  /** Whether only a value that passes a threshold can change anything. Else each point must be looked at. */
  get isAtRest(): boolean {
    const { phase } = this.state
    if (this.mayOwe || this.persistence.times !== undefined || this.conditions.length > 1) return false
    if (phase === 'inactive') return true
    const open = this.episodes.at(-1)
    return phase === 'firing' && open !== undefined && this.told.some(({ onsetMs }) => onsetMs === open.onsetMs)
  }

  /** The thresholds that a value must pass to change something. */
  get thresholds(): number[] {
    const { clearAt } = this.version.rule
    const than = this.conditions[0]?.condition.than
    return [...(than === undefined ? [] : [than]), ...(clearAt === undefined ? [] : [clearAt])]
  }

  /**
   * Takes the next point. A point that was taken already is passed over.
   * @param answer what brought the point. undefined: it was read again
   */
  step(cell: number, atMs: number, answer: JudgedAnswer | undefined): void {
    if (cell <= this.steppedTo) return
    // Only what was adopted may lie ahead.
    if ((this.history.at(-1)?.cell ?? Number.NEGATIVE_INFINITY) >= cell) this.rewind(cell, atMs, answer)
    this.beginAnswer(answer)
    const isSilent = answer?.isSilent ?? false
    if (isSilent) this.mayOwe = true
    this.steppedTo = cell
    const before = this.state
    this.state = nextPhase(before, atMs, this.holds(cell), this.persistence)
    if (this.state === before) return
    this.history.push({ cell, before })
    const isOver = isFiring(before) && !isFiring(this.state)
    const open = this.episodes.at(-1)
    if (isOver && open) open.endsMs = atMs
    if (isFiring(before) || !isFiring(this.state)) return
    const { onsetMs } = this.state
    this.episodes.push({ onsetMs, firedMs: atMs, endsMs: null, isSilent: isSilent || this.silentOnsets.has(onsetMs) })
  }

  /** Says whether what was judged last was told before, or may have been, so that nothing is told of it now. */
  holdBack(isHeldBack: boolean): void {
    this.mayOwe = isHeldBack
    if (isHeldBack) this.isJudgedSilently = true
  }

  private holds(cell: number): boolean | undefined {
    const { clearAt } = this.version.rule
    const hasFired = isFiring(this.state)
    let isUnsure = false
    for (const { condition, compared } of this.conditions) {
      const value = compared(cell)
      if (value === null) {
        isUnsure = true
        continue
      }
      const than = hasFired && clearAt !== undefined ? clearAt : condition.than
      const isMet = isBeyond(value, condition.value, than)
      if (isMet === (this.join === 'any')) return isMet
    }
    return isUnsure ? undefined : this.join === 'all'
  }

  private beginAnswer(answer: JudgedAnswer | undefined): void {
    const isSilent = answer?.isSilent ?? false
    const isSame = answer?.knownMs === this.judgedMs && isSilent === this.isJudgedSilently
    if (isSame) return
    this.judgedMs = answer?.knownMs
    this.isJudgedSilently = isSilent
    this.silentOnsets.clear()
  }

  /** Forgets what the points from `cell` on did. They are to be taken again, by `step`. @param answer see `step` */
  rewind(cell: number, atMs: number, answer: JudgedAnswer | undefined): void {
    this.beginAnswer(answer)
    const first = this.history.findIndex((change) => change.cell >= cell)
    if (first >= 0) {
      this.state = (this.history[first] as { before: PhaseState }).before
      this.history.length = first
    }
    this.steppedTo = Math.min(this.steppedTo, cell - 1)
    const wasTold = (onsetMs: number): boolean => this.told.some((told) => told.onsetMs === onsetMs)
    for (const { firedMs, onsetMs, isSilent } of this.episodes)
      if (firedMs >= atMs && isSilent && !wasTold(onsetMs)) this.silentOnsets.add(onsetMs)
    this.episodes = this.episodes.filter(({ firedMs }) => firedMs < atMs)
    const last = this.episodes.at(-1)
    if (last !== undefined && last.endsMs !== null && last.endsMs >= atMs) last.endsMs = null
  }

  /**
   * Goes on with what was told: the points that made the rule fire are not there to be taken again. If they come after all,
   * they decide. @param firedCell the cell of the point at which it fired
   */
  adopt(told: ToldEpisode, firedCell: number): void {
    this.state = { ...inactive, phase: 'firing', onsetMs: told.onsetMs, samples: this.persistence.forSamples }
    this.history = [{ cell: firedCell, before: inactive }]
    this.episodes = [...this.episodes.filter(({ endsMs }) => endsMs !== null), { ...told }]
  }

  /** Forgets how to rewind to before a cell. */
  forget(cell: number, atMs: number): void {
    if (this.history[0] !== undefined && this.history[0].cell < cell)
      this.history = this.history.filter((change) => change.cell >= cell)
    const isOld = ({ endsMs }: Episode): boolean => endsMs !== null && endsMs < atMs
    if (this.episodes[0] !== undefined && isOld(this.episodes[0]))
      this.episodes = this.episodes.filter((each) => !isOld(each))
    if (this.told[0] !== undefined && isOld(this.told[0])) this.told = this.told.filter((each) => !isOld(each))
  }
}

export function isBeyond(value: number, operator: Operator, than: number): boolean {
  if (operator === '>') return value > than
  if (operator === '>=') return value >= than
  if (operator === '<') return value < than
  return value <= than
}
