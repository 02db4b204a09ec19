import { type Comparand, type Compared, comparandKey, comparandOf, type PointSource } from './comparand.ts'
import { PointRing } from './point-cells.ts'
import { pointConditions, type Rule } from './rule.ts'
import type { JudgedCondition, RuleOnSeries } from './rule-on-series.ts'
import { ThresholdIndex } from './threshold-index.ts'

/** Conditions that compare the same numbers. */
interface ComparandGroup {
  comparand: Comparand
  compared: PointRing
  last: number | null
  index: ThresholdIndex<RuleOnSeries>
}

/** A point that is held. */
export interface HeldCell {
  cell: number
  atMs: number
}

const nothing: Compared = { compared: null, reference: null, samples: null, expected: null }

/** What the conditions on a series compare, by cell. The same numbers are computed once a point, whoever asks. */
export class ComparandGroups {
  private readonly groups = new Map<string, ComparandGroup>()
  private readonly capacity: number
  private readonly source: PointSource

  /** @param capacity how many cells are held */
  constructor(capacity: number, source: PointSource) {
    this.capacity = capacity
    this.source = source
  }

  /** Returns the conditions of a rule, with what they compare. */
  conditionsOf({ when, minShare }: Rule): JudgedCondition[] {
    return pointConditions(when).of.map((condition) => {
      const key = comparandKey(condition, minShare)
      const group = this.groups.get(key) ?? {
        comparand: comparandOf(condition, minShare, this.source),
        compared: new PointRing(this.capacity),
        ...{ last: null, index: new ThresholdIndex<RuleOnSeries>([]) },
      }
      this.groups.set(key, group)
      return { condition, compared: (cell: number) => group.compared.value(cell) }
    })
  }

  /** Sorts the thresholds of the rules. To be called once the conditions of all rules are known. */
  sortThresholds(rules: readonly RuleOnSeries[]): void {
    const keyOf = ({ version: { rule } }: RuleOnSeries) => {
      const { of } = pointConditions(rule.when)
      return of.length === 1 && of[0] ? comparandKey(of[0], rule.minShare) : undefined
    }
    for (const [key, group] of this.groups) {
      const ofGroup = rules.filter((rule) => keyOf(rule) === key)
      group.index = new ThresholdIndex(
        ofGroup.flatMap((item) => item.thresholds.map((threshold) => ({ threshold, item }))),
      )
    }
  }

  moveTo(from: number, to: number): void {
    for (const { compared } of this.groups.values()) compared.moveTo(from, to)
  }

  /** Computes what is compared at the newest point. @param visit is called with each rule whose threshold was passed */
  append(
    cell: number,
    atMs: number,
    visit: (rule: RuleOnSeries) => void,
  ): { isUndefined: boolean; isWaiting: boolean } {
    const outcome = { isUndefined: false, isWaiting: false }
    for (const group of this.groups.values()) {
      const { compared, isWaiting } = group.comparand(atMs)
      if (isWaiting) outcome.isWaiting = true
      group.compared.put(cell, 0, compared)
      outcome.isUndefined ||= compared === null
      if (compared === null) continue
      if (group.last === null) group.index.visitBetween(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, visit)
      else group.index.visitBetween(group.last, compared, visit)
      group.last = compared
    }
    return outcome
  }

  /** Computes what is compared at points anew. Returns the first cell that waits for points from the store, or infinity. */
  recompute(held: readonly HeldCell[], firstHeld: number): number {
    let waitingFrom = Number.POSITIVE_INFINITY
    for (const group of this.groups.values()) {
      group.compared.from = firstHeld
      for (const { cell, atMs } of held) {
        const { compared, isWaiting } = group.comparand(atMs)
        if (isWaiting) waitingFrom = Math.min(waitingFrom, cell)
        else group.compared.put(cell, 0, compared)
      }
      group.last = group.compared.newest
    }
    return waitingFrom
  }

  /** Returns what the first condition of a rule compares at an instant. */
  comparedAt({ version: { rule } }: RuleOnSeries, atMs: number): Compared {
    const [condition] = pointConditions(rule.when).of
    return (condition && this.groups.get(comparandKey(condition, rule.minShare))?.comparand(atMs)) ?? nothing
  }

  get bytes(): number {
    return [...this.groups.values()].reduce((total, { compared }) => total + compared.bytes, 0)
  }
}
