import { ExactSum, totalOf } from './exact-sum.ts'

/** Which figure of the samples in a window. stddev is that of the population. */
export type AggregateFunction = 'count' | 'sum' | 'avg' | 'min' | 'max' | 'first' | 'last' | 'stddev'

export type Pick = 'min' | 'max' | 'first' | 'last'

/** Cells of a series by their number, in ascending order of time. A cell is a point or a bucket of points. */
export interface Cells {
  /** How many samples the cell has. The other functions are asked only about cells that have some. */
  count(cell: number): number
  /** Adds the cell's samples to the sums (sign 1) or takes them away (sign -1). */
  addTo(sum: ExactSum, squares: ExactSum | undefined, cell: number, sign: 1 | -1): void
  pick(cell: number, name: Pick): number
}

/**
 * A monotonic deque: the cells that are, or can become, the greatest of a range. `sign` is 1 for the greatest and -1 for
 * the smallest. Each cell enters and leaves once, so a range that only moves on costs O(1) per cell.
 */
class Extremes {
  private readonly sign: 1 | -1
  /** The entries from `start` on: cells in ascending order, and their values times the sign in descending order. */
  private readonly cells: number[] = []
  private readonly values: number[] = []
  private start = 0
  /** An owner became smaller or went: what it hid is known only from the cells. */
  private isBroken = false

  constructor(sign: 1 | -1) {
    this.sign = sign
  }

  clear(): void {
    this.cells.length = 0
    this.values.length = 0
    this.start = 0
    this.isBroken = false
  }

  dropBelow(cell: number): void {
    while (this.start < this.cells.length && (this.cells[this.start] as number) < cell) this.start++
    if (this.start < 64 || this.start * 2 < this.cells.length) return
    this.cells.splice(0, this.start)
    this.values.splice(0, this.start)
    this.start = 0
  }

  push(cell: number, value: number): void {
    const signed = value * this.sign
    while (this.values.length > this.start && (this.values.at(-1) as number) <= signed) {
      this.cells.pop()
      this.values.pop()
    }
    this.cells.push(cell)
    this.values.push(signed)
  }

  /** A cell inside the range has another value now; undefined if it has none. */
  change(cell: number, value: number | undefined): void {
    if (this.isBroken) return
    const at = this.place(cell)
    const isOwner = this.cells[at] === cell
    const signed = value === undefined ? Number.NEGATIVE_INFINITY : value * this.sign
    if (isOwner && signed < (this.values[at] as number)) this.isBroken = true
    if (this.isBroken || value === undefined) return
    if (!isOwner && at < this.values.length && (this.values[at] as number) >= signed) return
    let hidden = at
    while (hidden > this.start && (this.values[hidden - 1] as number) <= signed) hidden--
    const removed = at - hidden + (isOwner ? 1 : 0)
    this.cells.splice(hidden, removed, cell)
    this.values.splice(hidden, removed, signed)
  }

  /** The index of the first entry that does not lie before the cell. */
  private place(cell: number): number {
    let at = this.start
    let upper = this.cells.length
    while (at < upper) {
      const middle = (at + upper) >> 1
      if ((this.cells[middle] as number) < cell) at = middle + 1
      else upper = middle
    }
    return at
  }

  /** The extreme of the range. The range must have samples. */
  of(cells: Cells, lo: number, hi: number): number {
    if (this.isBroken) {
      this.clear()
      for (let cell = lo; cell < hi; cell++) {
        if (cells.count(cell) > 0) this.push(cell, cells.pick(cell, this.sign > 0 ? 'max' : 'min'))
      }
    }
    return (this.values[this.start] as number) * this.sign
  }

  /** V8 reserves half as much again when an array grows. */
  get bytes(): number {
    return this.cells.length * 24 + 200
  }
}

/** The aggregates of the cells from `lo` to before `hi`. Moving the range on costs O(1) per cell that enters or leaves. */
export class RunningRange {
  private cells: Cells | undefined
  private lo = 0
  private hi = 0
  /** No cell before firstAt and none behind lastAt has samples. */
  private firstAt = 0
  private lastAt = -1
  count = 0
  readonly sum = new ExactSum()
  squares: ExactSum | undefined
  private mins: Extremes | undefined
  private maxes: Extremes | undefined

  /** Keeps what `name` needs from now on. */
  track(name: AggregateFunction): void {
    if (name === 'stddev' && !this.squares) this.squares = new ExactSum()
    else if (name === 'min' && !this.mins) this.mins = new Extremes(-1)
    else if (name === 'max' && !this.maxes) this.maxes = new Extremes(1)
    else return
    this.restart(undefined, 0)
  }

  private restart(cells: Cells | undefined, lo: number): void {
    this.cells = cells
    this.lo = lo
    this.hi = lo
    this.firstAt = lo
    this.lastAt = lo - 1
    this.count = 0
    this.sum.clear()
    this.squares?.clear()
    this.mins?.clear()
    this.maxes?.clear()
  }

  /** Moves the range. Only a range that moves back, or to other cells, is read anew. */
  moveTo(cells: Cells, lo: number, hi: number): void {
    if (cells !== this.cells || lo < this.lo || hi < this.hi) this.restart(cells, lo)
    this.dropBelow(cells, lo)
    for (let cell = this.hi; cell < hi; cell++) {
      if (cells.count(cell) > 0) this.enter(cells, cell)
    }
    this.hi = Math.max(this.hi, hi)
  }

  private enter(cells: Cells, cell: number): void {
    this.count += cells.count(cell)
    cells.addTo(this.sum, this.squares, cell, 1)
    this.mins?.push(cell, cells.pick(cell, 'min'))
    this.maxes?.push(cell, cells.pick(cell, 'max'))
    this.lastAt = cell
  }

  /** Cells before `lo` are about to be forgotten. */
  dropBelow(cells: Cells, lo: number): void {
    if (cells !== this.cells || lo <= this.lo) return
    if (lo >= this.hi) {
      this.restart(cells, lo)
      return
    }
    for (let cell = this.lo; cell < lo; cell++) this.takeAway(cells, cell)
    this.lo = lo
    this.firstAt = Math.max(this.firstAt, lo)
    this.mins?.dropBelow(lo)
    this.maxes?.dropBelow(lo)
  }

  private takeAway(cells: Cells, cell: number): void {
    if (cells.count(cell) === 0) return
    this.count -= cells.count(cell)
    cells.addTo(this.sum, this.squares, cell, -1)
  }

  /** A cell is about to change. `after` must be called when it has changed. */
  before(cells: Cells, cell: number): void {
    if (this.includes(cells, cell)) this.takeAway(cells, cell)
  }

  after(cells: Cells, cell: number): void {
    if (!this.includes(cells, cell)) return
    const hasSamples = cells.count(cell) > 0
    this.mins?.change(cell, hasSamples ? cells.pick(cell, 'min') : undefined)
    this.maxes?.change(cell, hasSamples ? cells.pick(cell, 'max') : undefined)
    if (!hasSamples) return
    this.count += cells.count(cell)
    cells.addTo(this.sum, this.squares, cell, 1)
    this.firstAt = Math.min(this.firstAt, cell)
    this.lastAt = Math.max(this.lastAt, cell)
  }

  private includes(cells: Cells, cell: number): boolean {
    return cells === this.cells && cell >= this.lo && cell < this.hi
  }

  /** The extreme, first or last value of a range that has samples. */
  pick(name: Pick): number {
    const { cells } = this
    if (!cells) throw new Error('a range without cells has no samples')
    if (name === 'min' && this.mins) return this.mins.of(cells, this.lo, this.hi)
    if (name === 'max' && this.maxes) return this.maxes.of(cells, this.lo, this.hi)
    if (name === 'first') {
      while (cells.count(this.firstAt) === 0) this.firstAt++
      return cells.pick(this.firstAt, 'first')
    }
    while (cells.count(this.lastAt) === 0) this.lastAt--
    return cells.pick(this.lastAt, 'last')
  }

  get bytes(): number {
    const kept = [this.sum, this.squares, this.mins, this.maxes]
    return 200 + kept.reduce((total, part) => total + (part ? part.bytes + 150 : 0), 0)
  }
}

/** Returns a figure of ranges that follow one another in time and have `count` samples. Null without samples. */
export function figureOf(ranges: readonly RunningRange[], name: AggregateFunction, count: number): number | null {
  if (name === 'count') return count
  if (count === 0) return null
  const filled = ranges.length === 1 ? ranges : ranges.filter((range) => range.count > 0)
  if (name === 'first') return (filled[0] as RunningRange).pick(name)
  if (name === 'last') return (filled.at(-1) as RunningRange).pick(name)
  if (name === 'min') return Math.min(...filled.map((range) => range.pick(name)))
  if (name === 'max') return Math.max(...filled.map((range) => range.pick(name)))
  const sum = totalOf(filled.map((range) => range.sum))
  if (name === 'sum') return sum.value
  if (name === 'avg') return sum.value / count
  return sum.deviation(totalOf(filled.flatMap(({ squares }) => squares ?? [])), count)
}
