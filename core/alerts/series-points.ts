import type { DeclaredStep } from '#sources/source.ts'
import { PointRing, StepGrid } from './point-cells.ts'

/** Values of one series on its grid, as one answer brought them. */
export interface PointRun {
  startMs: number
  stepS: number
  values: readonly (number | null)[]
  knownMs: number
  /** By when upstream publishes the window, ms UTC. Null: the points are due at their own time. */
  dueMs: number | null
  raw: { partition: number; offset: number }
  /** The request identity of the answer, as a number. 0: not known, so no answer withdraws the points. */
  identity: number
  /** True: the points correct what is held, and alert nobody. */
  isSilent: boolean
}

/** An answer that replaces the earlier answers of its request identity. */
export type ReplacingAnswer = Pick<PointRun, 'identity' | 'knownMs' | 'dueMs' | 'raw' | 'isSilent'>

/** A value that another one replaced. */
export interface Revision {
  atMs: number
  from: number
  /** Null: upstream took the value back, or no longer names it. */
  to: number | null
}

/** What became of a point. `older`: a newer value is held, or the point lies before all that is held. */
type PutOutcome = 'newest' | 'changed' | 'unchanged' | 'older'

/** Of how many answers it is held how many pieces of them were taken. */
const countedAnswers = 8

type Origin = Pick<PointRun, 'knownMs' | 'dueMs' | 'raw' | 'identity'>

/** Whether a point became known soon enough to alert: its age counts from its time, or from when upstream is due. */
export const isFresh = (
  { knownMs, dueMs }: Pick<Origin, 'knownMs' | 'dueMs'>,
  atMs: number,
  maxAgeMs: number,
): boolean => knownMs - Math.max(atMs, dueMs ?? atMs) <= maxAgeMs

/** The newest points of a series, and which answer brought each of them. */
export class SeriesPoints {
  readonly grid: StepGrid
  readonly values: PointRing
  /** Event time of the first point that was taken, and of the newest one, ms UTC. */
  sinceMs = Number.POSITIVE_INFINITY
  newestMs = Number.NEGATIVE_INFINITY
  /** When the newest answer became known that named a point, ms UTC. */
  private renewedMs = Number.NEGATIVE_INFINITY
  private readonly origins = new Map<number, Origin>()
  /** How many pieces of the newest answers were taken, by when the answers became known. */
  private readonly pieces = new Map<number, number>()
  private readonly knowledge: Map<number, { knownMs: number; value: number | null }[]> | undefined

  /** @param keepsKnowledge whether `knownBefore` is asked */
  constructor(steps: readonly DeclaredStep[], horizonMs: number, keepsKnowledge: boolean) {
    this.grid = new StepGrid(steps)
    this.values = new PointRing(this.grid.capacity(horizonMs) + 1)
    if (keepsKnowledge) this.knowledge = new Map()
  }

  /** Stores a point if it is newer than what is held, and adds to `revisions` what it replaced. */
  put(cell: number, atMs: number, value: number | null, run: PointRun, revisions: Revision[]): PutOutcome {
    const { values } = this
    this.renewedMs = Math.max(this.renewedMs, run.knownMs)
    const isNewest = atMs > this.newestMs
    if (isNewest) {
      const from = Math.max(this.newestMs === Number.NEGATIVE_INFINITY ? cell : values.from, cell + 1 - values.capacity)
      values.moveTo(from, cell + 1)
      this.newestMs = atMs
      this.forget(from)
    } else if (cell < values.from) {
      if (cell < values.to - values.capacity) return 'older'
      values.from = cell
    }
    this.sinceMs = Math.min(this.sinceMs, atMs)
    const heldMs = values.knownAtMs(cell)
    if (run.knownMs < heldMs) return 'older'
    const isHeld = heldMs > Number.NEGATIVE_INFINITY
    const before = isHeld ? values.value(cell) : null
    const usable = value !== null && Number.isFinite(value) ? value : null
    values.put(cell, run.knownMs, usable)
    const { knownMs, dueMs, raw, identity } = run
    if (isHeld && before === usable) {
      const origin = this.origins.get(cell)
      if (origin !== undefined) origin.identity = identity
      return 'unchanged'
    }
    this.origins.set(cell, { knownMs, dueMs, raw, identity })
    if (before !== null) revisions.push({ atMs, from: before, to: usable })
    if (this.knowledge) this.knowledge.set(cell, [...(this.knowledge.get(cell) ?? []), { knownMs, value: usable }])
    return isNewest ? 'newest' : 'changed'
  }

  /** Counts that a slice of an answer was taken, or its end. */
  countPiece(knownMs: number): void {
    const before = this.pieces.get(knownMs)
    this.pieces.set(knownMs, (before ?? 0) + 1)
    if (before !== undefined || this.pieces.size <= countedAnswers) return
    for (const oldest of this.pieces.keys()) {
      this.pieces.delete(oldest)
      return
    }
  }

  /** Returns how many pieces of an answer were taken. 0: none, or many answers have come since. */
  piecesOf(knownMs: number): number {
    return this.pieces.get(knownMs) ?? 0
  }

  private forget(from: number): void {
    for (const held of [this.origins, this.knowledge]) {
      for (const cell of held?.keys() ?? []) {
        if (cell >= from) break
        held?.delete(cell)
      }
    }
  }

  isHeld(cell: number): boolean {
    return this.values.knownAtMs(cell) > Number.NEGATIVE_INFINITY
  }

  /** Returns the value at an instant. Null: there is none. */
  valueAt(atMs: number): number | null {
    const cell = this.grid.cellAt(atMs)
    return cell === undefined ? null : this.values.value(cell)
  }

  /** Returns the points that an answer no longer names, as runs of nulls. */
  withdrawnBy({ identity, knownMs, ...answer }: ReplacingAnswer): PointRun[] {
    const { values, grid } = this
    const runs: (PointRun & { values: null[]; nextMs: number })[] = []
    for (let cell = values.from; cell < values.to; cell++) {
      if (values.count(cell) === 0 || values.knownAtMs(cell) >= knownMs) continue
      if (this.origins.get(cell)?.identity !== identity) continue
      const atMs = grid.instantOf(cell)
      const stepMs = grid.instantOf(cell + 1) - atMs
      const last = runs.at(-1)
      if (last?.nextMs === atMs && last.stepS * 1_000 === stepMs) {
        last.values.push(null)
        last.nextMs += stepMs
      } else {
        const stepS = stepMs / 1_000
        runs.push({ ...answer, identity, knownMs, startMs: atMs, stepS, values: [null], nextMs: atMs + stepMs })
      }
    }
    return runs
  }

  /**
   * Whether the answer that became known at `knownMs` has brought points of this series or of another one, and those of the
   * other at the same times are to come, or to be withdrawn. They are if an earlier answer to the request named them. Of
   * times that no answer named, they are to come if one answer has brought both series at other times.
   */
  isHalfKnown(other: SeriesPoints, knownMs: number): boolean {
    const { values, grid } = this
    let isPaired = false
    let isAhead = false
    for (let cell = values.from; cell < values.to; cell++) {
      const identity = this.origins.get(cell)?.identity ?? 0
      const otherCell = identity === 0 ? undefined : other.grid.cellAt(grid.instantOf(cell))
      if (otherCell === undefined) continue
      const ownMs = values.knownAtMs(cell)
      const otherMs = other.values.holds(otherCell) ? other.values.knownAtMs(otherCell) : Number.NEGATIVE_INFINITY
      if (otherMs === Number.NEGATIVE_INFINITY) isAhead ||= ownMs === knownMs
      else if (other.origins.get(otherCell)?.identity === identity) {
        if (ownMs !== otherMs && Math.max(ownMs, otherMs) === knownMs) return true
        isPaired = true
      }
    }
    return isPaired && isAhead && other.renewedMs < knownMs
  }

  originAt(atMs: number): Origin | undefined {
    return this.origins.get(this.grid.cellAt(atMs) ?? Number.NaN)
  }

  /** Returns what was known of a point that many ms before its newest value became known. Null: nothing. */
  knownBefore(atMs: number, beforeMs: number): number | null {
    const known = this.knowledge?.get(this.grid.cellAt(atMs) ?? Number.NaN) ?? []
    const newest = known.at(-1)
    if (newest === undefined) return null
    return known.findLast(({ knownMs }) => knownMs <= newest.knownMs - beforeMs)?.value ?? null
  }

  get bytes(): number {
    return this.values.bytes + this.origins.size * 120 + this.pieces.size * 40 + (this.knowledge?.size ?? 0) * 150
  }
}
