import type { DeclaredStep } from '#sources/source.ts'
import { BucketTable, PointRing, StepGrid } from './point-cells.ts'
import { type AggregateFunction, figureOf, RunningRange } from './running-range.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs
const maxWindowMs = 7 * dayMs
const bucketMs = 10 * minuteMs
/** The square of a value, and n times the sum of the squares, must be doubles. */
const maxAbsolute = 1e140

export interface KnownPoint {
  /** Event time, ms UTC. */
  atMs: number
  knownMs: number
  /** Null for a null of upstream, and for a withdrawn point. */
  value: number | null
}

export interface SlidingWindowOptions {
  /** The longest window that is asked for, ms, from one minute to seven days. Whoever needs a longer one begins anew. */
  longestMs: number
  steps: readonly DeclaredStep[]
  /** How far behind the newest point windows are still answered, ms; 0 if not given. */
  spareMs?: number
  /**
   * Windows up to this length are computed from single points, longer ones from buckets, ms. If not given: 24 hours if the
   * last declared step is below five minutes, and otherwise seven days, which then need less memory than buckets.
   */
  singlePointsMs?: number
  /** Is told of a bucket of ten minutes whose points `reload` is to be called with, once until it was. Must not throw. */
  needsReload?: (bucketStartMs: number) => void
}

/**
 * What became of a point: `stored`; `unchanged` (the same value again); `older` than what is known; `forgotten` (older than
 * all windows); `off-grid` (not on the declared step); `reload` (held until the points of its bucket come).
 */
export type PointOutcome = 'stored' | 'unchanged' | 'older' | 'forgotten' | 'off-grid' | 'reload'

/** `not-held`: the series is not there yet. `forgotten`: the window begins before what is held. `reloading`: see needsReload. */
export type UnansweredReason = 'not-held' | 'forgotten' | 'reloading'

/** `value` is null without samples, except that of `count`. `expected` is how many steps lie inside the window. */
export type WindowAggregate =
  | { count: number; expected: number; coverage: number; value: number | null }
  | { undefined: UnansweredReason }

/** What is kept of a window length: the ranges that move along with the questions about it. */
interface WindowView {
  atMs: number
  version: number
  expected: number
  /** Oldest first: points of a cut bucket, whole buckets, points. The last one alone while there are no buckets. */
  ranges: RunningRange[]
  answers: Map<AggregateFunction, WindowAggregate>
}

/**
 * Aggregates of the newest known values of one series over sliding windows of event time. The window of a point at t has
 * the points strictly between t - windowMs and t; so the point itself is not in it, and nulls are left out. Points may
 * come late, repeatedly, revised and in any order: the answers are those of a computation from scratch, to the last bits.
 */
export class SlidingWindows {
  /** `unusable` counts values that are not finite or beyond 1e140. They are held as nulls, the other points not at all. */
  readonly ignored = { forgotten: 0, offGrid: 0, unusable: 0 }
  private readonly longestMs: number
  private readonly heldMs: number
  private readonly singleMs: number
  private readonly needsReload: (bucketStartMs: number) => void
  private readonly grid: StepGrid
  private readonly points: PointRing
  private readonly table: BucketTable | undefined
  private newestMs = Number.NEGATIVE_INFINITY
  private version = 0
  /** Per window length: the view at the newest point, and the one at any other. */
  private readonly views = new Map<number, { newest?: WindowView; other?: WindowView }>()
  private readonly ranges: RunningRange[] = []
  /** Single points of buckets at the ends of windows, the one used last at the end. */
  private readonly loaded = new Map<number, PointRing>()
  /** Buckets whose row is wrong until they are reloaded, with the points that came meanwhile. */
  private readonly stale = new Map<number, KnownPoint[]>()
  private readonly asked = new Set<number>()

  /** Throws a RangeError for a length or a step that cannot be. */
  constructor({ longestMs, steps, spareMs = 0, singlePointsMs, needsReload }: SlidingWindowOptions) {
    checkLength('longestMs', longestMs, minuteMs, maxWindowMs)
    checkLength('spareMs', spareMs, 0, maxWindowMs)
    this.grid = new StepGrid(steps)
    const isCoarse = (this.grid.steps.at(-1)?.stepS ?? 0) >= 300
    const singleMs = singlePointsMs ?? (isCoarse ? maxWindowMs : dayMs)
    checkLength('singlePointsMs', singleMs, hourMs, maxWindowMs)
    this.longestMs = longestMs
    this.heldMs = longestMs + spareMs
    this.singleMs = singleMs + spareMs
    this.needsReload = needsReload ?? (() => {})
    if (longestMs > singleMs) this.table = new BucketTable(Math.ceil(this.heldMs / bucketMs) + 2)
    this.points = new PointRing(this.grid.capacity(this.table ? this.singleMs + bucketMs : this.heldMs))
  }

  /** Takes a point. The newest known value counts; of two that became known at once, the one that comes later. */
  set(atMs: number, knownMs: number, value: number | null): PointOutcome {
    if (!Number.isFinite(knownMs)) throw new RangeError(`a point must be known at a finite ms, not at ${knownMs}`)
    const cell = this.grid.cellAt(atMs)
    if (cell === undefined || !Number.isSafeInteger(atMs)) {
      this.ignored.offGrid++
      return 'off-grid'
    }
    if (atMs <= this.newestMs - this.heldMs) {
      this.ignored.forgotten++
      return 'forgotten'
    }
    const point = { atMs, knownMs, value: this.usable(value) }
    if (atMs > this.newestMs) this.advance(atMs, cell)
    if (cell >= this.points.from) return this.change(this.points, cell, point)
    const bucket = bucketOf(atMs)
    const loaded = this.loaded.get(bucket)
    if (loaded) return this.change(loaded, cell, point)
    this.stale.set(bucket, [...(this.stale.get(bucket) ?? []), point])
    this.version++
    this.ask(bucket)
    return 'reload'
  }

  private usable(value: number | null): number | null {
    if (value === null || Math.abs(value) <= maxAbsolute) return value
    this.ignored.unusable++
    return null
  }

  private change(points: PointRing, cell: number, { atMs, knownMs, value }: KnownPoint): PointOutcome {
    const heldKnownMs = points.knownAtMs(cell)
    if (knownMs < heldKnownMs) return 'older'
    if (heldKnownMs > Number.NEGATIVE_INFINITY && points.value(cell) === value) {
      points.put(cell, knownMs, value)
      return 'unchanged'
    }
    for (const range of this.ranges) range.before(points, cell)
    points.put(cell, knownMs, value)
    for (const range of this.ranges) range.after(points, cell)
    if (this.table && bucketOf(atMs) < this.table.to) this.fillBucket(this.table, bucketOf(atMs), points)
    this.version++
    return 'stored'
  }

  private ask(bucket: number): void {
    if (this.asked.has(bucket)) return
    this.asked.add(bucket)
    this.needsReload(bucket * bucketMs)
  }

  private advance(atMs: number, cell: number): void {
    const lastBucket = bucketOf(this.newestMs)
    this.newestMs = atMs
    const { table, grid, points } = this
    if (table && bucketOf(atMs) !== lastBucket) {
      const from = bucketOf(atMs - this.heldMs)
      for (const range of this.ranges) range.dropBelow(table, from)
      table.moveTo(from, bucketOf(atMs))
      if (lastBucket >= from) this.fillBucket(table, lastBucket, points)
      for (const buckets of [this.loaded, this.stale, this.asked]) {
        for (const bucket of buckets.keys()) if (bucket < from) buckets.delete(bucket)
      }
    }
    const fromMs = table ? bucketOf(atMs - this.singleMs) * bucketMs : atMs - this.heldMs + 1
    const from = grid.firstFrom(fromMs)
    for (const range of this.ranges) range.dropBelow(points, from)
    points.moveTo(from, cell + 1)
    this.version++
  }

  private fillBucket(table: BucketTable, bucket: number, points: PointRing): void {
    const whole = new RunningRange()
    for (const name of ['min', 'max', 'stddev'] as const) whole.track(name)
    whole.moveTo(points, this.grid.firstFrom(bucket * bucketMs), this.grid.firstFrom((bucket + 1) * bucketMs))
    for (const range of this.ranges) range.before(table, bucket)
    table.put(bucket, whole)
    for (const range of this.ranges) range.after(table, bucket)
  }

  /**
   * Takes all points of a bucket as they are stored. Points that came since the bucket was asked for count as well.
   * A bucket that is not held, or whose points are, is ignored.
   */
  reload(bucketStartMs: number, stored: readonly KnownPoint[]): void {
    const bucket = bucketStartMs / bucketMs
    const { table, grid } = this
    const from = grid.firstFrom(bucketStartMs)
    if (!table || !Number.isSafeInteger(bucket) || bucket < table.from || from >= this.points.from) return
    const to = grid.firstFrom(bucketStartMs + bucketMs)
    const points = new PointRing(Math.max(1, to - from))
    points.moveTo(from, to)
    for (const { atMs, knownMs, value } of [...stored, ...(this.stale.get(bucket) ?? [])]) {
      const cell = grid.cellAt(atMs)
      if (cell === undefined || cell < from || cell >= to) this.ignored.offGrid++
      else if (knownMs >= points.knownAtMs(cell)) points.put(cell, knownMs, this.usable(value))
    }
    this.stale.delete(bucket)
    this.asked.delete(bucket)
    this.loaded.set(bucket, points)
    this.fillBucket(table, bucket, points)
    this.version++
    const [oldest] = this.loaded.keys()
    if (oldest !== undefined && this.loaded.size > 4 * this.views.size + 4) this.loaded.delete(oldest)
  }

  /**
   * Returns a figure of the window of a point at `atMs`. Each is computed once, whoever asks. It costs O(1) at the newest
   * point, and at other points if the questions go forward; else the window is read anew.
   * Throws a RangeError for a window below a minute or above `longestMs`.
   */
  at(atMs: number, windowMs: number, name: AggregateFunction): WindowAggregate {
    checkLength('windowMs', windowMs, minuteMs, this.longestMs)
    if (!Number.isSafeInteger(atMs) || atMs > this.newestMs) return { undefined: 'not-held' }
    if (atMs - windowMs < this.newestMs - this.heldMs) return { undefined: 'forgotten' }
    const view = this.viewOf(atMs, windowMs)
    const isPlaced = view.atMs === atMs && view.version === this.version
    const answered = isPlaced ? view.answers.get(name) : undefined
    if (answered) return answered
    for (const range of view.ranges) range.track(name)
    if (!this.place(view, atMs, windowMs)) return { undefined: 'reloading' }
    const count = view.ranges.reduce((total, range) => total + range.count, 0)
    const coverage = view.expected === 0 ? 0 : count / view.expected
    const answer = { count, expected: view.expected, coverage, value: figureOf(view.ranges, name, count) }
    view.answers.set(name, answer)
    return answer
  }

  private viewOf(atMs: number, windowMs: number): WindowView {
    const views = this.views.get(windowMs) ?? {}
    this.views.set(windowMs, views)
    const which = atMs === this.newestMs ? 'newest' : 'other'
    const known = views[which]
    if (known) return known
    const ranges = Array.from({ length: this.table ? 3 : 1 }, () => new RunningRange())
    const view = { atMs, version: -1, expected: 0, ranges, answers: new Map() }
    this.ranges.push(...ranges)
    views[which] = view
    return view
  }

  /** Moves the ranges of a view to its window. Returns false while points are missing, which it asks for. */
  private place(view: WindowView, atMs: number, windowMs: number): boolean {
    const { grid, points, table } = this
    const lo = grid.firstAfter(atMs - windowMs)
    const hi = grid.firstFrom(atMs)
    if (table && lo < points.from) {
      const firstWhole = bucketOf(atMs - windowMs) + 1
      const cut = bucketOf(atMs)
      // A short window may begin and end in one bucket.
      const from = Math.min(hi, grid.firstFrom(firstWhole * bucketMs))
      const to = Math.max(from, grid.firstFrom(cut * bucketMs))
      const oldest = this.pointsOf(table, firstWhole - 1, lo < from)
      const newest = this.pointsOf(table, cut, to < hi)
      // The bucket that is cut next is asked for ten minutes ahead.
      if (atMs === this.newestMs) this.pointsOf(table, firstWhole, true)
      for (const bucket of this.stale.keys()) if (bucket >= firstWhole && bucket < cut) return false
      if (!oldest || !newest) return false
      view.ranges[0]?.moveTo(oldest, lo, from)
      view.ranges[1]?.moveTo(table, firstWhole, Math.max(firstWhole, cut))
      view.ranges[2]?.moveTo(newest, to, hi)
    } else {
      if (table) for (const range of view.ranges.slice(0, -1)) range.moveTo(points, hi, hi)
      view.ranges.at(-1)?.moveTo(points, lo, hi)
    }
    if (view.atMs !== atMs || view.version !== this.version) view.answers.clear()
    view.atMs = atMs
    view.version = this.version
    view.expected = hi - lo
    return true
  }

  /** Returns the single points of a bucket. If they must be loaded, it asks for them and returns undefined. */
  private pointsOf(table: BucketTable, bucket: number, isNeeded: boolean): PointRing | undefined {
    const isHeld = this.grid.firstFrom(bucket * bucketMs) >= this.points.from
    if (!isNeeded || isHeld) return this.points
    if (table.count(bucket) === 0 && !this.stale.has(bucket)) return noPoints
    if (!this.loaded.has(bucket)) this.ask(bucket)
    const loaded = this.loaded.get(bucket)
    if (loaded && this.loaded.delete(bucket)) this.loaded.set(bucket, loaded)
    return loaded
  }

  /** The memory that the series takes, in bytes: the buffers as they are, and an estimate of the objects around them. */
  get bytes(): number {
    const cells = [this.points, ...(this.table ? [this.table] : []), ...this.loaded.values(), ...this.ranges]
    const waiting = [...this.stale.values()].reduce((total, points) => total + points.length * 100, 0)
    return 2_000 + this.views.size * 600 + waiting + cells.reduce((total, { bytes }) => total + bytes, 0)
  }
}

const noPoints = new PointRing(1)

const bucketOf = (atMs: number): number => Math.floor(atMs / bucketMs)

function checkLength(name: string, ms: number, min: number, max: number): void {
  if (Number.isSafeInteger(ms) && ms >= min && ms <= max) return
  throw new RangeError(`${name} must be whole ms from ${min} to ${max}, but is ${ms}`)
}
