import { isPublishedAhead, maxAgeOf, maxAheadOf } from './ages.ts'
import type { PointSource } from './comparand.ts'
import { ComparandGroups, type HeldCell } from './comparand-groups.ts'
import type { WatchedSeries } from './declared-series.ts'
import { type Answer, HalfAnswers, type OtherPoints } from './half-answers.ts'
import {
  isRevision,
  isWithdrawal,
  pointConditions,
  type RevisionCondition,
  type RuleVersion,
  referencesOf,
  type WithdrawalCondition,
  windowsOf,
} from './rule.ts'
import { type Episode, RuleOnSeries, type ToldBefore } from './rule-on-series.ts'
import { isFresh, type PointRun, type Revision, SeriesPoints } from './series-points.ts'
import { type KnownPoint, SlidingWindows } from './sliding-window.ts'
import { type EpisodeNews, tellEpisodes } from './tell-episodes.ts'
import type { PointFacts } from './transition.ts'

/** What a run of points did. */
export interface RunOutcome {
  /** The rules that may have something to tell. */
  touched: ReadonlySet<RuleOnSeries>
  revisions: Revision[]
  /** Event time of the first point that changed, ms UTC. Null: none did. */
  changedFromMs: number | null
}

/** A rule about values that are replaced: it looks at the points that an answer changed alone. */
export interface RevisionRule {
  version: RuleVersion
  when: RevisionCondition | WithdrawalCondition
  maxAgeMs: number
}

const maxWindowMs = 7 * 86_400_000

export interface WatchParts {
  /** Returns what was told of a rule before. undefined: nothing. */
  toldOf: (version: RuleVersion) => ToldBefore | undefined
  otherPoints: OtherPoints
  /** Rules of other series that compare with this one. */
  comparing?: readonly RuleVersion[]
  /** Asks for ten minutes of points, to be given to `reload`. Absent: all points of windows above a day are held. */
  needsReload?: ((bucketStartMs: number) => void) | undefined
}

/** One series and all rules on it. */
export class SeriesWatch {
  readonly series: WatchedSeries
  readonly rules: readonly RuleOnSeries[]
  readonly revisionRules: readonly RevisionRule[]
  readonly stepS: number
  /** Points that are not on the grid, or lie so far ahead that they would push out all others. */
  ignoredPoints = 0
  /** Points that have a value and that a condition could not judge: too few samples, or a ratio to nothing. */
  undefinedPoints = 0
  private readonly maxAheadMs: number
  private forgottenTo = Number.NEGATIVE_INFINITY
  /** The first cell that waits for points from the store. */
  private waitingFrom = Number.POSITIVE_INFINITY
  readonly points: SeriesPoints
  private readonly windows: SlidingWindows | undefined
  private readonly halves: HalfAnswers
  private readonly otherPoints: OtherPoints
  private readonly groups: ComparandGroups
  /** Rules that a point can change without passing a threshold. */
  private readonly active = new Set<RuleOnSeries>()

  constructor(
    series: WatchedSeries,
    versions: readonly RuleVersion[],
    { toldOf, otherPoints, comparing = [], needsReload }: WatchParts,
  ) {
    this.series = series
    this.stepS = series.steps.toSorted((one, other) => one.fromMs - other.fromMs).at(-1)?.stepS ?? 1
    const stepMs = this.stepS * 1_000
    const maxAgeMs = Math.max(0, ...[...versions, ...comparing].map((version) => maxAgeOf(version, this.stepS)))
    this.maxAheadMs = maxAheadOf(this.stepS)
    this.otherPoints = otherPoints
    const longestMs = Math.max(0, ...versions.flatMap(({ rule }) => windowsOf(rule)))
    // What is published ahead may be withdrawn, also where only a window looks at it.
    const lookedAtMs = isPublishedAhead(this.stepS) ? Math.max(maxAgeMs, longestMs) : maxAgeMs
    const horizonMs = lookedAtMs + stepMs + this.maxAheadMs
    if (longestMs > 0) {
      const held = needsReload === undefined ? { singlePointsMs: maxWindowMs } : { needsReload }
      const lengths = { longestMs, spareMs: Math.min(horizonMs, maxWindowMs), ...held }
      this.windows = new SlidingWindows({ ...lengths, steps: series.steps })
    }
    const keepsKnowledge = versions.some(({ rule }) =>
      pointConditions(rule.when).of.some((each) => each.to !== undefined && 'knownBefore' in each.to),
    )
    this.points = new SeriesPoints(series.steps, horizonMs, keepsKnowledge)
    const source: PointSource = {
      valueAt: (atMs) => this.points.valueAt(atMs),
      windows: () => this.windows,
      otherAt: (dataset, key, atMs) => otherPoints(dataset, key)?.valueAt(atMs) ?? null,
      knownBefore: (atMs, beforeMs) => this.points.knownBefore(atMs, beforeMs),
    }
    this.halves = new HalfAnswers(series.dataset, this.points, otherPoints)
    this.groups = new ComparandGroups(this.points.values.capacity, source)
    this.rules = versions
      .filter(({ rule }) => pointConditions(rule.when).of.length > 0)
      .map((version) => {
        const conditions = this.groups.conditionsOf(version.rule)
        const before = { maxAgeMs: maxAgeOf(version, this.stepS), told: toldOf(version) }
        return new RuleOnSeries(version, conditions, stepMs, before)
      })
    this.groups.sortThresholds(this.rules)
    this.revisionRules = versions.flatMap((version) => {
      const { when } = version.rule
      return isRevision(when) || isWithdrawal(when) ? [{ version, when, maxAgeMs: maxAgeOf(version, this.stepS) }] : []
    })
    for (const rule of this.rules) if (!rule.isAtRest) this.active.add(rule)
  }

  /** Takes the points of an answer. */
  take(run: PointRun): RunOutcome {
    const { grid, values } = this.points
    const revisions: Revision[] = []
    const touched = new Set<RuleOnSeries>()
    let changedFrom = Number.POSITIVE_INFINITY
    let isAppend = true
    for (const [index, value] of run.values.entries()) {
      const atMs = run.startMs + index * run.stepS * 1_000
      const cell = grid.cellAt(atMs)
      if (cell === undefined || atMs > run.knownMs + this.maxAheadMs) {
        this.ignoredPoints++
        continue
      }
      const inWindows = this.windows?.set(atMs, run.knownMs, value)
      if (inWindows === 'reload') this.waitingFrom = Math.min(this.waitingFrom, values.from)
      const outcome = this.points.put(cell, atMs, value, run, revisions)
      if (outcome === 'newest') this.moveOn(values.from, values.to)
      else if (outcome !== 'changed' && inWindows !== 'stored') continue
      else isAppend = false
      changedFrom = Math.min(changedFrom, Math.max(cell, values.from))
      // Each new point sees the windows as they are before the points behind it come.
      if (outcome === 'newest' && isAppend) this.append(cell, atMs, run, touched)
    }
    const hasChanged = changedFrom !== Number.POSITIVE_INFINITY
    if (hasChanged && !isAppend) this.judgeFrom(changedFrom, run, touched)
    else this.judgeWaiting(run, touched)
    return { touched, revisions, changedFromMs: hasChanged ? grid.instantOf(changedFrom) : null }
  }

  private moveOn(from: number, to: number): void {
    this.groups.moveTo(from, to)
    // Points before the first one may come yet: after a start, those of tomorrow may be read before those of today.
    const first = to - this.points.values.capacity
    if (first < this.forgottenTo + 16) return
    this.forgottenTo = first
    for (const rule of this.rules) rule.forget(first, this.points.grid.instantOf(first))
  }

  /** Judges the newest point: only rules whose threshold was passed, or that wait for something, are looked at. */
  private append(cell: number, atMs: number, run: PointRun, touched: Set<RuleOnSeries>): void {
    const { isUndefined, isWaiting } = this.groups.append(cell, atMs, (rule) => void touched.add(rule))
    if (isWaiting) this.waitingFrom = Math.min(this.waitingFrom, cell)
    if (isUndefined && !run.isSilent && this.points.values.count(cell) > 0) this.undefinedPoints++
    for (const rule of this.active) touched.add(rule)
    for (const rule of touched) {
      const from = this.halves.judgedFrom(rule, cell, run)
      if (from === undefined) {
        touched.delete(rule)
        continue
      }
      if (from < cell) this.judge(rule, from, this.heldFrom(from), run)
      else rule.step(cell, atMs, run)
      this.watchClosely(rule)
    }
  }

  /** Decides whether a rule is looked at with each point. To be called again when it has told something. */
  watchClosely(rule: RuleOnSeries): void {
    if (rule.isAtRest) this.active.delete(rule)
    else this.active.add(rule)
  }

  /** Judges all points from a cell on anew. @param answer what changed them. undefined: they were read again */
  private judgeFrom(cell: number, answer: Answer | undefined, touched: Set<RuleOnSeries>): void {
    const from = Math.max(cell, this.points.values.from)
    const held = this.heldFrom(from)
    this.waitingFrom = Math.min(this.waitingFrom, this.groups.recompute(held, this.points.values.from))
    for (const rule of this.rules) {
      const since = this.halves.judgedFrom(rule, from, answer)
      if (since === undefined) continue
      this.judge(rule, since, since < from ? this.heldFrom(since) : held, answer)
      touched.add(rule)
    }
  }

  /** Judges the rules that waited for the other half of an answer, if they do no longer. */
  private judgeWaiting(answer: Answer, touched: Set<RuleOnSeries>): void {
    for (const rule of this.halves.waiting) {
      const since = this.halves.judgedFrom(rule, Number.POSITIVE_INFINITY, answer)
      if (since === undefined) continue
      this.judge(rule, since, this.heldFrom(since), answer)
      touched.add(rule)
    }
  }

  private judge(rule: RuleOnSeries, from: number, held: readonly HeldCell[], answer: Answer | undefined): void {
    rule.rewind(from, this.points.grid.instantOf(from), answer)
    for (const { cell, atMs } of held) rule.step(cell, atMs, answer)
    this.watchClosely(rule)
  }

  private heldFrom(from: number): HeldCell[] {
    const { grid, values } = this.points
    const held: HeldCell[] = []
    for (let cell = Math.max(from, values.from); cell < values.to; cell++)
      if (this.points.isHeld(cell)) held.push({ cell, atMs: grid.instantOf(cell) })
    return held
  }

  /** See AlertEngine.resume. */
  resume(exactFromMs: number): void {
    for (const rule of this.rules) {
      const open = rule.told.find(({ endsMs }) => endsMs === null)
      if (open === undefined || open.onsetMs >= exactFromMs) continue
      if (!rule.episodes.some(({ onsetMs }) => onsetMs === open.onsetMs))
        rule.adopt(open, this.points.grid.firstFrom(open.firedMs))
      this.watchClosely(rule)
    }
  }

  /**
   * Judges the points from an instant on anew, because an answer has brought another series that they are compared with.
   * @param fromMs event time of the first point of the other series that changed. Null: none did
   */
  judgeAgain(fromMs: number | null, answer: Answer): ReadonlySet<RuleOnSeries> {
    const touched = new Set<RuleOnSeries>()
    if (fromMs !== null && fromMs <= this.points.newestMs)
      this.judgeFrom(this.points.grid.firstFrom(fromMs), answer, touched)
    else this.judgeWaiting(answer, touched)
    return touched
  }

  /** Takes the points of a bucket that was asked for, and judges again what may have waited for them. */
  reload(bucketStartMs: number, points: readonly KnownPoint[]): ReadonlySet<RuleOnSeries> {
    this.windows?.reload(bucketStartMs, points)
    const touched = new Set<RuleOnSeries>()
    const from = this.waitingFrom
    this.waitingFrom = Number.POSITIVE_INFINITY
    if (from < this.points.values.to) this.judgeFrom(from, undefined, touched)
    return touched
  }

  /** Returns what a rule looked at when it judged a point that is held. */
  factsAt(rule: RuleOnSeries, atMs: number): PointFacts {
    const origin = this.points.originAt(atMs)
    const judged = this.groups.comparedAt(rule, atMs)
    const position = { knownMs: origin?.knownMs ?? 0, raw: origin?.raw ?? { partition: -1, offset: -1 } }
    return { atMs, value: this.points.valueAt(atMs), ...judged, ...position }
  }

  /** Returns how many pieces of an answer were taken that a rule looks at: of this series, and of those it is compared with. */
  piecesOf({ version }: RuleOnSeries, knownMs: number): number {
    const others = referencesOf(version.rule).map(({ dataset, key }) => this.otherPoints(dataset, key))
    return [this.points, ...others].reduce((total, points) => total + (points?.piecesOf(knownMs) ?? 0), 0)
  }

  /**
   * Whether what an answer did was told before this process began, or may have been. The record comes again then, and what
   * was told of later ones would seem to be taken back.
   */
  isToldAgain(rule: RuleOnSeries, knownMs: number): boolean {
    if (knownMs !== rule.toldUntilMs) return knownMs < rule.toldUntilMs
    return this.piecesOf(rule, knownMs) <= rule.toldPieces
  }

  /** Returns what a rule has to tell. */
  newsOf(rule: RuleOnSeries): EpisodeNews[] {
    const { sinceMs, grid, values } = this.points
    const fromMs = Math.max(sinceMs, grid.instantOf(values.from))
    return tellEpisodes(rule.told, rule.episodes, fromMs, (episode) => this.canFire(rule, episode))
  }

  private canFire(rule: RuleOnSeries, { isSilent, endsMs, firedMs }: Episode): boolean {
    if (isSilent && endsMs !== null) return false
    const atMs = endsMs === null ? this.points.newestMs : firedMs
    const origin = this.points.originAt(atMs)
    return origin !== undefined && isFresh(origin, atMs, rule.maxAgeMs)
  }

  /** Returns the event time of the point that decided that a rule fires: where it fired, or the newest one, ms UTC. */
  firingAtMs({ firedMs }: Episode): number {
    return this.points.originAt(firedMs) === undefined ? this.points.newestMs : firedMs
  }

  /** The memory that the series takes, bytes. */
  get bytes(): number {
    return this.points.bytes + this.groups.bytes + (this.windows?.bytes ?? 0) + this.rules.length * 600
  }
}
