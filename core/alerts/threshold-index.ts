/**
 * Thresholds in ascending order, each with what waits for it. A value that moves concerns only the thresholds between
 * where it was and where it is. So a point does not touch the rules whose thresholds are far away.
 */
export class ThresholdIndex<Item> {
  private thresholds: number[] = []
  private items: Item[] = []

  constructor(entries: readonly { threshold: number; item: Item }[]) {
    const sorted = entries.toSorted((one, other) => one.threshold - other.threshold)
    this.thresholds = sorted.map(({ threshold }) => threshold)
    this.items = sorted.map(({ item }) => item)
  }

  /** Calls `visit` for each item with a threshold from the smaller to the greater of both values, both included. */
  visitBetween(one: number, other: number, visit: (item: Item) => void): void {
    const to = Math.max(one, other)
    for (let at = this.firstFrom(Math.min(one, other)); at < this.items.length; at++) {
      if ((this.thresholds[at] as number) > to) return
      visit(this.items[at] as Item)
    }
  }

  private firstFrom(value: number): number {
    let low = 0
    let high = this.thresholds.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.thresholds[middle] as number) < value) low = middle + 1
      else high = middle
    }
    return low
  }
}
