/** 2^27 + 1 cuts a double into two halves whose products are exact. */
const halving = 134_217_729

/**
 * A sum without any rounding error: doubles that do not overlap and together are the exact sum. Neumaier's compensated
 * sum and double-double arithmetic keep about 106 bits. That is too little here: after 1e12 has entered and left a window
 * of values near 1e-9, the square of 1e12 would leave more than the deviation. An exact sum returns to what it was.
 * So it never drifts, and it does not depend on the order of the values: a restart yields the same bits.
 * Source: J. R. Shewchuk, Adaptive Precision Floating-Point Arithmetic (1997), Grow-Expansion and Two-Product; the rounding
 * is that of Python's math.fsum. Values like those of markets need two to four parts, and the exponents of doubles allow 40.
 */
export class ExactSum {
  private parts = new Float64Array(6)
  private size = 0

  add(value: number): void {
    let carry = value
    let kept = 0
    for (let at = 0; at < this.size; at++) {
      const part = this.parts[at] as number
      const high = carry + part
      const added = high - carry
      const low = carry - (high - added) + (part - added)
      if (low !== 0) this.parts[kept++] = low
      carry = high
    }
    if (carry !== 0) {
      if (kept === this.parts.length) {
        const larger = new Float64Array(kept * 2)
        larger.set(this.parts)
        this.parts = larger
      }
      this.parts[kept++] = carry
    }
    this.size = kept
  }

  /** Adds a * b. It is exact while the absolute product is 0 or between 1e-290 and 1e300. */
  addProduct(a: number, b: number): void {
    const product = a * b
    const bigA = halving * a
    const highA = bigA - (bigA - a)
    const lowA = a - highA
    const bigB = halving * b
    const highB = bigB - (bigB - b)
    const lowB = b - highB
    this.add(lowA * lowB - (product - highA * highB - lowA * highB - highA * lowB))
    this.add(product)
  }

  addAll(other: ExactSum): void {
    for (let at = 0; at < other.size; at++) this.add(other.parts[at] as number)
  }

  clear(): void {
    this.size = 0
  }

  /** The double that is nearest to the sum. */
  get value(): number {
    let at = this.size - 1
    if (at < 0) return 0
    let high = this.parts[at] as number
    let low = 0
    while (at > 0 && low === 0) {
      const above = high
      const part = this.parts[--at] as number
      high = above + part
      low = part - (high - above)
    }
    // Exactly half a unit was cut off: the parts below decide to which side it is rounded.
    if (at > 0 && low * (this.parts[at - 1] as number) !== 0 && low < 0 === (this.parts[at - 1] as number) < 0) {
      const nearer = high + low * 2
      if (nearer - high === low * 2) return nearer
    }
    return high
  }

  /** Writes the sum as `length` doubles of falling size from `offset` on. What is below the last of them is cut off. */
  write(target: Float64Array, offset: number, length: number): void {
    const rest = new ExactSum()
    rest.addAll(this)
    for (let at = offset; at < offset + length; at++) {
      const part = rest.value
      target[at] = part
      rest.add(-part)
    }
  }

  /**
   * The standard deviation of `count` samples with this sum: the root of count * squares - sum². Both terms are exact, so
   * values that differ in their last digits alone have the right deviation too.
   */
  deviation(squares: ExactSum, count: number): number {
    spread.clear()
    for (let at = 0; at < squares.size; at++) spread.addProduct(count, squares.parts[at] as number)
    for (let one = 0; one < this.size; one++) {
      const part = this.parts[one] as number
      spread.addProduct(-part, part)
      for (let other = 0; other < one; other++) spread.addProduct(-2 * part, this.parts[other] as number)
    }
    return Math.sqrt(Math.max(0, spread.value)) / count
  }

  get bytes(): number {
    return this.parts.byteLength
  }
}

/** Used by one call of `deviation` at a time: a new buffer for each would cost more than the sum. */
const spread = new ExactSum()

/** Returns the sum of sums. It may be one of them. */
export function totalOf(sums: readonly ExactSum[]): ExactSum {
  if (sums.length === 1) return sums[0] as ExactSum
  const total = new ExactSum()
  for (const sum of sums) total.addAll(sum)
  return total
}
