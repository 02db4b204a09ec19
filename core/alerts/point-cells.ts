import type { DeclaredStep } from '#sources/source.ts'
import type { ExactSum } from './exact-sum.ts'
import type { Cells, Pick, RunningRange } from './running-range.ts'

interface GridPart {
  fromMs: number
  stepMs: number
  /** The number of the cell at fromMs. */
  cell: number
}

/**
 * Numbers the instants at which a series has points, one after the other, also across changes of the step. So a ring
 * needs no timestamps, and the number of steps in a window is a difference. The first step also holds before its start.
 */
export class StepGrid {
  private readonly parts: GridPart[] = []
  readonly steps: readonly DeclaredStep[]

  /** Throws a RangeError for steps that are not whole seconds, and if there is none. */
  constructor(steps: readonly DeclaredStep[]) {
    if (steps.length === 0) throw new RangeError('a series needs a declared step')
    this.steps = [...steps].sort((one, other) => one.fromMs - other.fromMs)
    for (const { fromMs, stepS } of this.steps) {
      if (!Number.isSafeInteger(fromMs) || !Number.isSafeInteger(stepS) || stepS < 1) {
        throw new RangeError(`a step must be whole seconds from a whole ms on, but is ${stepS} s from ${fromMs} ms`)
      }
      const before = this.parts.at(-1)
      const cell = before ? before.cell + Math.ceil((fromMs - before.fromMs) / before.stepMs) : 0
      if (before?.fromMs === fromMs) this.parts.pop()
      this.parts.push({ fromMs, stepMs: stepS * 1_000, cell })
    }
  }

  private partAt(atMs: number): number {
    let at = this.parts.length - 1
    while (at > 0 && (this.parts[at] as GridPart).fromMs > atMs) at--
    return at
  }

  /** Returns the cell of an instant; undefined if no point can stand there. */
  cellAt(atMs: number): number | undefined {
    const { fromMs, stepMs, cell } = this.parts[this.partAt(atMs)] as GridPart
    const steps = (atMs - fromMs) / stepMs
    return Number.isSafeInteger(steps) ? cell + steps : undefined
  }

  /** Returns the instant of a cell, ms UTC. */
  instantOf(cell: number): number {
    let at = this.parts.length - 1
    while (at > 0 && (this.parts[at] as GridPart).cell > cell) at--
    const part = this.parts[at] as GridPart
    return part.fromMs + (cell - part.cell) * part.stepMs
  }

  /** Returns the first cell that does not lie before the instant. */
  firstFrom(atMs: number): number {
    const { fromMs, stepMs, cell } = this.parts[this.partAt(atMs)] as GridPart
    return cell + Math.ceil((atMs - fromMs) / stepMs)
  }

  /** Returns the first cell that lies after the instant. */
  firstAfter(atMs: number): number {
    return this.firstFrom(atMs + 1)
  }

  /** The greatest number of cells in an interval of this length. */
  capacity(spanMs: number): number {
    const stepMs = Math.min(...this.parts.map((part) => part.stepMs))
    return Math.ceil(spanMs / stepMs) + this.parts.length
  }
}

/** Cells from `from` to before `to`. They move on, and a place is used again. */
abstract class CellRing {
  from = 0
  to = 0
  readonly capacity: number

  constructor(capacity: number) {
    this.capacity = capacity
  }

  protected abstract clear(place: number): void

  protected placeOf(cell: number): number {
    const place = cell % this.capacity
    return place < 0 ? place + this.capacity : place
  }

  /** Forgets the cells before `from`, and makes those up to before `to` empty. */
  moveTo(from: number, to: number): void {
    for (let cell = Math.max(this.to, to - this.capacity); cell < to; cell++) this.clear(this.placeOf(cell))
    this.from = from
    this.to = to
  }

  /** Whether a cell is one of those that the ring has a place for now. */
  holds(cell: number): boolean {
    return cell >= this.from && cell < this.to
  }
}

/** The single points of a series: values, a bit that says which are not null, and since when each is known. */
export class PointRing extends CellRing implements Cells {
  private readonly values: Float64Array
  private readonly knownMs: Float64Array
  private readonly valid: Uint8Array

  constructor(capacity: number) {
    super(capacity)
    this.values = new Float64Array(capacity)
    this.knownMs = new Float64Array(capacity).fill(Number.NEGATIVE_INFINITY)
    this.valid = new Uint8Array(Math.ceil(capacity / 8))
  }

  protected override clear(place: number): void {
    this.knownMs[place] = Number.NEGATIVE_INFINITY
    this.setValid(place, false)
  }

  private setValid(place: number, isValid: boolean): void {
    const bit = 1 << (place & 7)
    const byte = this.valid[place >> 3] as number
    this.valid[place >> 3] = isValid ? byte | bit : byte & ~bit
  }

  put(cell: number, knownMs: number, value: number | null): void {
    const place = this.placeOf(cell)
    this.knownMs[place] = knownMs
    if (value !== null) this.values[place] = value
    this.setValid(place, value !== null)
  }

  /** Returns when the value of a cell became known; -Infinity for a cell without a point. */
  knownAtMs(cell: number): number {
    return this.knownMs[this.placeOf(cell)] as number
  }

  value(cell: number): number | null {
    return this.count(cell) === 0 ? null : this.pick(cell)
  }

  count(cell: number): number {
    if (!this.holds(cell)) return 0
    const place = this.placeOf(cell)
    return ((this.valid[place >> 3] as number) >> (place & 7)) & 1
  }

  /** The newest value. Null: there is none. */
  get newest(): number | null {
    for (let cell = this.to - 1; cell >= this.from; cell--) {
      const value = this.value(cell)
      if (value !== null) return value
    }
    return null
  }

  addTo(sum: ExactSum, squares: ExactSum | undefined, cell: number, sign: 1 | -1): void {
    const value = this.pick(cell)
    sum.add(sign * value)
    squares?.addProduct(sign * value, value)
  }

  pick(cell: number): number {
    return this.values[this.placeOf(cell)] as number
  }

  get bytes(): number {
    return this.values.byteLength + this.knownMs.byteLength + this.valid.byteLength + 500
  }
}

/** Where a figure stands in the row of a bucket. Both sums keep at least 200 bits, from their greatest one down. */
const column = { min: 0, max: 1, first: 2, last: 3, sum: 4, squares: 8 }
const sumParts = column.squares - column.sum
const squareParts = 5
const width = column.squares + squareParts

/** One row of aggregates per bucket of ten minutes, in place of its single points. */
export class BucketTable extends CellRing implements Cells {
  private readonly counts: Int32Array
  private readonly rows: Float64Array

  constructor(capacity: number) {
    super(capacity)
    this.counts = new Int32Array(capacity)
    this.rows = new Float64Array(capacity * width)
  }

  protected override clear(place: number): void {
    this.counts[place] = 0
  }

  /** Replaces a bucket by the aggregates of its points. The range must track min, max and stddev. */
  put(bucket: number, points: RunningRange): void {
    const place = this.placeOf(bucket)
    this.counts[place] = points.count
    if (points.count === 0) return
    for (const name of ['min', 'max', 'first', 'last'] as const) {
      this.rows[place * width + column[name]] = points.pick(name)
    }
    points.sum.write(this.rows, place * width + column.sum, sumParts)
    points.squares?.write(this.rows, place * width + column.squares, squareParts)
  }

  count(bucket: number): number {
    return this.holds(bucket) ? (this.counts[this.placeOf(bucket)] as number) : 0
  }

  addTo(sum: ExactSum, squares: ExactSum | undefined, bucket: number, sign: 1 | -1): void {
    const row = this.placeOf(bucket) * width
    for (let at = column.sum; at < column.squares; at++) sum.add(sign * (this.rows[row + at] as number))
    if (!squares) return
    for (let at = column.squares; at < width; at++) squares.add(sign * (this.rows[row + at] as number))
  }

  pick(bucket: number, name: Pick): number {
    return this.rows[this.placeOf(bucket) * width + column[name]] as number
  }

  get bytes(): number {
    return this.counts.byteLength + this.rows.byteLength + 400
  }
}
