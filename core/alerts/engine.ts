import type { WatchedSeries } from './declared-series.ts'
import { revisionTransitions } from './revision-transitions.ts'
import { isOfWindows, isQuery, type RuleVersion, referencesOf, selects, windowsOf } from './rule.ts'
import type { RuleOnSeries, ToldBefore } from './rule-on-series.ts'
import type { PointRun, ReplacingAnswer, Revision, SeriesPoints } from './series-points.ts'
import { SeriesWatch } from './series-watch.ts'
import type { KnownPoint } from './sliding-window.ts'
import type { EpisodeNews } from './tell-episodes.ts'
import { type Transition, withId } from './transition.ts'

/** What was told of a rule on a series. It outlives a restart, on the topic of states. */
export interface ToldState extends ToldBefore {
  ruleId: string
  ruleVersion: number
  dataset: string
  key: string
  /** True: it is over, and nobody asks for it again. Its record is removed from the topic. */
  isForgotten?: true
}

export interface EngineOutcome {
  transitions: Transition[]
  /** What is told of each rule on each series after the transitions, where it changed. */
  states: ToldState[]
}

/** Ten minutes of a series. */
export interface SeriesBucket {
  dataset: string
  key: string
  /** ms UTC. */
  startMs: number
}

export const seriesName = (dataset: string, key: string): string => `${dataset}/${key}`
/** The name of what was told of a rule on a series: the key of its record. */
export const stateName = (ruleId: string, dataset: string, key: string): string =>
  `${ruleId}/${seriesName(dataset, key)}`

/**
 * Judges points by rules. It keeps the newest known values of the series that rules name, and nothing of all others. The
 * same points in the same order yield the same transitions, live and in a backtest.
 */
export class AlertEngine {
  /** Rules that name one series, by it, and rules with a pattern. So a series is not compared with all rules. */
  private readonly exact = new Map<string, RuleVersion[]>()
  private readonly patterns: RuleVersion[] = []
  /** By series: the rules of other series that compare with it. */
  private readonly comparing = new Map<string, RuleVersion[]>()
  private readonly describe: (dataset: string, key: string) => WatchedSeries | undefined
  private readonly told = new Map<string, ToldState>()
  /** Null: no rule names the series. */
  private readonly watches = new Map<string, SeriesWatch | null>()
  private readonly needsReload: ((bucket: SeriesBucket) => void) | undefined
  private readonly byDataset = new Map<string, SeriesWatch[]>()
  private isResumed = false
  /** By series: the series that are compared with it. */
  private readonly dependents = new Map<string, Set<string>>()

  /**
   * @param describe returns the labels and the declared steps of a series. undefined: it is not known
   * @param told what was told before
   * @param needsReload is told of ten minutes of a series that `reload` is to be called with. Absent: all points of windows
   * above a day are held
   */
  constructor(
    versions: readonly RuleVersion[],
    describe: (dataset: string, key: string) => WatchedSeries | undefined,
    told: Iterable<ToldState> = [],
    needsReload?: (bucket: SeriesBucket) => void,
  ) {
    this.needsReload = needsReload
    const judged = versions.filter(({ rule }) => !isOfWindows(rule.when) && !isQuery(rule.when))
    for (const version of judged) {
      const { dataset, key } = version.rule.of
      if (`${dataset}${key}`.includes('*')) this.patterns.push(version)
      else {
        const name = seriesName(dataset, key)
        this.exact.set(name, [...(this.exact.get(name) ?? []), version])
      }
    }
    for (const version of judged) {
      for (const name of comparedWith(version)) this.comparing.set(name, [...(this.comparing.get(name) ?? []), version])
    }
    this.describe = describe
    for (const state of told) this.told.set(stateName(state.ruleId, state.dataset, state.key), state)
  }

  /** Returns whether a rule names the series, or compares with it. Costs a look into a map after the first time. */
  isWatched(dataset: string, key: string): boolean {
    return this.watchOf(dataset, key) !== null
  }

  /** Takes points of a series, and returns what is to be told. Of a silent run nothing is told. */
  take(dataset: string, key: string, run: PointRun): EngineOutcome {
    const outcome: EngineOutcome = { transitions: [], states: [] }
    const watch = this.watchOf(dataset, key)
    if (watch === null) return outcome
    watch.points.countPiece(run.knownMs)
    this.takeRuns(watch, [run], outcome)
    return outcome
  }

  /**
   * Takes that an answer replaced the earlier ones of its request identity: points that it no longer names have no value.
   * To be called after the points of the answer were taken: rules that wait for the rest of it wait no longer.
   */
  withdraw(dataset: string, answer: ReplacingAnswer): EngineOutcome {
    const outcome: EngineOutcome = { transitions: [], states: [] }
    if (answer.identity === 0) return outcome
    const watches = this.byDataset.get(dataset) ?? []
    const withdrawn = watches.map((watch) => ({ watch, runs: watch.points.withdrawnBy(answer) }))
    for (const { watch, runs } of withdrawn)
      if (runs.length > 0 || watch.points.piecesOf(answer.knownMs) > 0) watch.points.countPiece(answer.knownMs)
    for (const { watch, runs } of withdrawn) if (runs.length > 0) this.takeRuns(watch, runs, outcome)
    for (const watch of watches) {
      for (const rule of watch.judgeAgain(null, { ...answer, isWhole: true }))
        if (!answer.isSilent) this.tell(watch, rule, answer, outcome)
    }
    return outcome
  }

  /** Takes all points of ten minutes that were asked for, as they are stored, and returns what is to be told. */
  reload({ dataset, key, startMs }: SeriesBucket, stored: readonly KnownPoint[]): EngineOutcome {
    const outcome: EngineOutcome = { transitions: [], states: [] }
    const watch = this.watches.get(seriesName(dataset, key))
    if (!watch) return outcome
    const touched = watch.reload(startMs, stored)
    const newest = watch.points.originAt(watch.points.newestMs)
    if (newest !== undefined) for (const rule of touched) this.tell(watch, rule, newest, outcome)
    return outcome
  }

  /** Takes runs of points of one answer. */
  private takeRuns(watch: SeriesWatch, runs: readonly PointRun[], outcome: EngineOutcome): void {
    const { dataset, key } = watch.series
    const [first] = runs
    if (first === undefined) return
    const replaced: Revision[] = []
    const judged = new Map<RuleOnSeries, SeriesWatch>()
    for (const run of runs) {
      const { touched, revisions, changedFromMs } = watch.take(run)
      for (const rule of touched) judged.set(rule, watch)
      replaced.push(...revisions)
      for (const name of this.dependents.get(seriesName(dataset, key)) ?? []) {
        const other = this.watches.get(name)
        if (other) for (const rule of other.judgeAgain(changedFromMs, run)) judged.set(rule, other)
      }
    }
    if (first.isSilent) return
    // The answer is told as a whole, and not each of its runs.
    for (const [rule, of] of judged) this.tell(of, rule, first, outcome)
    if (replaced.length === 0) return
    const named = runs.reduce((total, { values }) => total + values.length, 0)
    outcome.transitions.push(...revisionTransitions(watch, replaced, first, named))
  }

  /**
   * Ends a silent start, in which the points of the past were taken again.
   * @param exactFromMs event time from which on those points decide alone, ms UTC. What was told to fire since an earlier
   * time fires on until a point says otherwise
   */
  resume(exactFromMs: number): void {
    this.isResumed = true
    for (const watch of this.watches.values()) watch?.resume(exactFromMs)
  }

  /** Returns what was told of all rules, before and by this engine. */
  toldStates(): ToldState[] {
    return [...this.told.values()]
  }

  /** The memory of all series, bytes, and how many are held. */
  get load(): { bytes: number; series: number; rules: number } {
    const held = [...this.watches.values()].filter((watch) => watch !== null)
    return {
      bytes: held.reduce((total, { bytes }) => total + bytes, 0),
      series: held.length,
      rules: held.reduce((total, { rules }) => total + rules.length, 0),
    }
  }

  /** How many points that were not silent a condition could not judge. */
  get undefinedPoints(): number {
    return [...this.watches.values()].reduce((total, watch) => total + (watch?.undefinedPoints ?? 0), 0)
  }

  private watchOf(dataset: string, key: string): SeriesWatch | null {
    const name = seriesName(dataset, key)
    const known = this.watches.get(name)
    if (known !== undefined) return known
    const series = this.describe(dataset, key)
    const comparing = this.comparing.get(name) ?? []
    const candidates = [...(this.exact.get(name) ?? []), ...this.patterns]
    const versions = series ? candidates.filter(({ rule }) => selects(rule.of, series)) : []
    if (!series || series.steps.length === 0 || (versions.length === 0 && comparing.length === 0)) {
      this.watches.set(name, null)
      return null
    }
    for (const other of versions.flatMap(comparedWith)) {
      const names = this.dependents.get(other) ?? new Set()
      this.dependents.set(other, names.add(name))
    }
    const toldOf = (version: RuleVersion): ToldState | undefined => {
      const state = this.told.get(stateName(version.rule.id, dataset, key))
      return state?.ruleVersion === version.version ? state : undefined
    }
    const otherPoints = (otherDataset: string, otherKey: string): SeriesPoints | undefined =>
      this.watchOf(otherDataset, otherKey)?.points
    const ask = this.needsReload
    const needsReload = ask && ((startMs: number) => ask({ dataset, key, startMs }))
    const watch = new SeriesWatch(series, versions, { toldOf, otherPoints, comparing, needsReload })
    if (this.isResumed) watch.resume(Number.POSITIVE_INFINITY)
    this.watches.set(name, watch)
    const ofDataset = this.byDataset.get(dataset)
    if (ofDataset === undefined) this.byDataset.set(dataset, [watch])
    else ofDataset.push(watch)
    return watch
  }

  private tell(
    watch: SeriesWatch,
    rule: RuleOnSeries,
    run: Pick<PointRun, 'knownMs' | 'raw'>,
    outcome: EngineOutcome,
  ): void {
    rule.holdBack(watch.isToldAgain(rule, run.knownMs))
    const news = rule.mayOwe ? [] : watch.newsOf(rule)
    if (news.length === 0) {
      watch.watchClosely(rule)
      return
    }
    for (const each of news) {
      const transition = episodeTransition(watch, rule, each, run)
      outcome.transitions.push(transition)
      const { onsetMs, firedMs, endsMs } = each.episode
      rule.told = rule.told.filter((told) => told.onsetMs !== onsetMs)
      if (each.kind === 'cancelled') continue
      const firingId = each.kind === 'firing' ? transition.id : each.told.firingId
      rule.told.push({ onsetMs, firedMs, endsMs, isSilent: false, firingId })
    }
    rule.told.sort((one, other) => one.onsetMs - other.onsetMs)
    watch.watchClosely(rule)
    const { dataset, key } = watch.series
    const state: ToldState = {
      ...{ ruleId: rule.version.rule.id, ruleVersion: rule.version.version, dataset, key },
      ...{ episodes: [...rule.told], knownMs: run.knownMs, pieces: watch.piecesOf(rule, run.knownMs) },
    }
    this.told.set(stateName(state.ruleId, dataset, key), state)
    outcome.states.push(state)
  }
}

function episodeTransition(
  watch: SeriesWatch,
  rule: RuleOnSeries,
  news: EpisodeNews,
  run: Pick<PointRun, 'knownMs' | 'raw'>,
): Transition {
  const { dataset, key } = watch.series
  const { episode, kind } = news
  const { onsetMs, endsMs } = episode
  const ended = kind === 'resolved' || kind === 'changed'
  const atMs = ended && endsMs !== null ? endsMs : watch.firingAtMs(episode)
  const facts = watch.factsAt(rule, atMs)
  return withId({
    ...{ kind, rule: rule.version, dataset, key, onsetMs, endsMs: kind === 'cancelled' ? null : endsMs },
    firingId: 'told' in news ? news.told.firingId : null,
    // What was taken back was taken back by this answer.
    facts: kind === 'firing' ? facts : { ...facts, knownMs: run.knownMs, raw: run.raw },
    detail: kind === 'cancelled' ? 'a revision took back the values that the rule fired at' : null,
  })
}

const comparedWith = ({ rule }: RuleVersion): string[] =>
  referencesOf(rule).map(({ dataset, key }) => seriesName(dataset, key))

/** Returns the longest span of event time that any of the rules looks back, ms. */
export const longestLookBackMs = (versions: readonly RuleVersion[]): number =>
  Math.max(0, ...versions.flatMap(({ rule }) => windowsOf(rule)))
