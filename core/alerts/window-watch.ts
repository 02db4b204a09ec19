// What was told of the windows of a source, and whether its datasets bring points at all.
import type { CompletenessChange } from '#schemas/generated/records.ts'
import { isPublishedAhead } from './ages.ts'
import { declaredSeries } from './declared-series.ts'
import { type EngineOutcome, stateName, type ToldState } from './engine.ts'
import type { RuleVersion } from './rule.ts'
import { knownTransitions, windowTransitions } from './window-transitions.ts'

/** A dataset of ticks brings nothing if this time has passed without a slice, besides three steps, ms. */
const patienceMs = 60_000

/** The longest time for which a dataset that brings points may have brought none, ms: see `isPublishedAhead`. */
export const longestPatienceMs = patienceMs + 3 * 300_000

const stepOf = (dataset: string): number => declaredSeries(dataset, '')?.steps.at(-1)?.stepS ?? 0

/** It holds no clock and asks nobody. */
export class WindowWatch {
  private readonly versions: readonly RuleVersion[]
  private readonly told = new Map<string, ToldState>()
  private readonly heardAt: Map<string, number>
  /** Datasets of which rules were told that they bring nothing. */
  private readonly unknown = new Set<string>()
  private readonly changed = new Map<string, ToldState>()

  /**
   * @param told what was told before
   * @param heardAt by dataset: when its newest slice became known, ms UTC
   */
  constructor(
    versions: readonly RuleVersion[],
    told: Iterable<ToldState> = [],
    heardAt: ReadonlyMap<string, number> = new Map(),
  ) {
    this.versions = versions
    this.heardAt = new Map(heardAt)
    for (const state of told) this.remember(state)
  }

  /** Takes what became of a window, and returns what is to be told. */
  take(change: CompletenessChange): EngineOutcome {
    const outcome = windowTransitions(this.versions, change, this.find, this.isSilent(change))
    this.tell(outcome)
    return outcome
  }

  /** Takes that a slice of a dataset became known, and returns what is to be told. Costs two look-ups. */
  heardOf(dataset: string, knownMs: number): EngineOutcome | undefined {
    this.heardAt.set(dataset, Math.max(knownMs, this.heardAt.get(dataset) ?? 0))
    // Of what is published ahead a slice of another day says nothing: its windows say when they are complete.
    if (!this.unknown.has(dataset) || isPublishedAhead(stepOf(dataset))) return undefined
    const outcome = knownTransitions(this.versions, dataset, knownMs, this.find)
    this.unknown.delete(dataset)
    this.tell(outcome)
    return outcome
  }

  /** Returns what was told since the start. */
  news(): ToldState[] {
    return [...this.changed.values()]
  }

  private readonly find = (ruleId: string, dataset: string, key: string): ToldState | undefined =>
    this.told.get(stateName(ruleId, dataset, key))

  private tell({ states }: EngineOutcome): void {
    for (const state of states) {
      this.remember(state)
      this.changed.set(stateName(state.ruleId, state.dataset, state.key), state)
    }
  }

  private remember(state: ToldState): void {
    this.told.set(stateName(state.ruleId, state.dataset, state.key), state)
    if (state.key === '' && state.episodes.some(({ endsMs }) => endsMs === null)) this.unknown.add(state.dataset)
  }

  private isSilent({ dataset, at }: CompletenessChange): boolean {
    const stepS = stepOf(dataset)
    return isPublishedAhead(stepS) || at - (this.heardAt.get(dataset) ?? 0) > patienceMs + 3 * stepS * 1_000
  }
}
