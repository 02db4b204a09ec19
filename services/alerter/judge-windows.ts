// Judges what becomes of windows: rules about windows, and whether the points that rules wait for come at all.

import { isPublishedAhead } from '#core/alerts/ages.ts'
import { declaredSeries } from '#core/alerts/declared-series.ts'
import { type EngineOutcome, stateName, type ToldState } from '#core/alerts/engine.ts'
import type { RuleVersion } from '#core/alerts/rule.ts'
import { knownTransitions, windowTransitions } from '#core/alerts/window-transitions.ts'
import type { Subscription } from '#platform/kafka/process-batch.ts'
import { type Output, okSending } from '#platform/kafka/verdict.ts'
import { completenessTopic } from '#schemas/completeness-topics.ts'
import { type CompletenessChange, completenessChangeSchema } from '#schemas/generated/records.ts'

export interface WindowParts {
  versions: () => readonly RuleVersion[]
  /** Returns what was told before. @throws TransientError while Kafka is away */
  readTold: () => Promise<ToldState[]>
  encode: (outcome: EngineOutcome) => Output[]
  onJudged: (outcome: EngineOutcome) => void
}

export interface WindowJudge {
  /** Learns what was told before. To be called before `heardOf`. @throws TransientError while Kafka is away */
  begin: () => Promise<void>
  subscription: Subscription<CompletenessChange>
  /** Takes that a slice of a dataset became known, and returns what is to be told because of it. */
  heardOf: (dataset: string, knownMs: number) => EngineOutcome | undefined
}

/** A dataset of ticks brings nothing if this time has passed without a slice, besides three steps, ms. */
const patienceMs = 60_000

const stepOf = (dataset: string): number => declaredSeries(dataset, '')?.steps.at(-1)?.stepS ?? 0

export function judgeWindows(parts: WindowParts): WindowJudge {
  let told: Map<string, ToldState> | undefined
  const heardAt = new Map<string, number>()
  /** Datasets of which rules were told that they bring nothing. */
  const unknown = new Set<string>()
  const unacknowledged: Output[] = []
  const find = (ruleId: string, dataset: string, key: string) => told?.get(stateName(ruleId, dataset, key))
  const remember = (states: readonly ToldState[]): void => {
    for (const state of states) {
      told?.set(stateName(state.ruleId, state.dataset, state.key), state)
      if (state.key !== '') continue
      if (state.episodes.some(({ endsMs }) => endsMs === null)) unknown.add(state.dataset)
    }
  }
  const isSilent = ({ dataset, at }: CompletenessChange): boolean => {
    const stepS = stepOf(dataset)
    return isPublishedAhead(stepS) || at - (heardAt.get(dataset) ?? 0) > patienceMs + 3 * stepS * 1_000
  }
  const begin = async (): Promise<void> => {
    if (told !== undefined) return
    const states = await parts.readTold()
    // Slices and windows may begin at once.
    if (told !== undefined) return
    told = new Map()
    remember(states)
  }
  return {
    begin,
    subscription: {
      topic: completenessTopic.name,
      record: completenessChangeSchema,
      deadLetterTopic: null,
      handle: async (batch) => {
        await begin()
        for (const { record } of batch) {
          const outcome = windowTransitions(parts.versions(), record, find, isSilent(record))
          remember(outcome.states)
          if (outcome.transitions.length === 0) continue
          unacknowledged.push(...parts.encode(outcome))
          parts.onJudged(outcome)
        }
        return okSending(batch.length, unacknowledged)
      },
    },
    heardOf: (dataset, knownMs) => {
      heardAt.set(dataset, Math.max(knownMs, heardAt.get(dataset) ?? 0))
      // Of what is published ahead a slice of another day says nothing: its windows say when they are complete.
      if (!unknown.has(dataset) || isPublishedAhead(stepOf(dataset))) return undefined
      const outcome = knownTransitions(parts.versions(), dataset, knownMs, find)
      unknown.delete(dataset)
      remember(outcome.states)
      return outcome
    },
  }
}
