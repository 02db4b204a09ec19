// What a rule with a query tells: its rows appear and go, and its query fails and works again.
import { printable } from '#platform/process/printable.ts'
import type { AlertEvent } from '#schemas/generated/records.ts'
import { type EngineOutcome, stateName, type ToldState } from './engine.ts'
import { inactive, isFiring, nextPhase, type Persistence, type PhaseState } from './phase.ts'
import type { Instance } from './query-instances.ts'
import { durationMs, queryDataset, type RuleVersion } from './rule.ts'
import type { ToldEpisode } from './rule-on-series.ts'
import { noFacts, type Transition, withId } from './transition.ts'

/** A rule is unknown when its query has failed that often in a row. */
export const failuresUntilUnknown = 3

/** The key of what is told about the rule itself. */
const wholeRule = ''
const dataset = queryDataset

/** A row as it was when it was seen last. */
interface SeenInstance {
  atMs: number
  value: number | null
  detail: string | null
}

interface WatchedInstance {
  state: PhaseState
  told: ToldEpisode | undefined
  seen: SeenInstance
}

/** What was told of rules with queries, and the rows as far as the transitions say them. */
export interface ToldQueries {
  states: ToldState[]
  /** By the name of the state. */
  seen: ReadonlyMap<string, SeenInstance>
}

/**
 * Adds to what was told the transitions that are acknowledged, but whose states are not: a process ended between the two.
 * Pure. @param events the transitions of rules with queries, oldest first
 */
export function catchUp(states: readonly ToldState[], events: readonly AlertEvent[]): ToldQueries {
  const told = new Map(states.map((state) => [stateName(state.ruleId, state.dataset, state.key), state]))
  const seen = new Map<string, SeenInstance>()
  for (const { id, kind, ruleId, ruleVersion, key, onsetAt, knownAt, pointAt, value, detail } of events) {
    const name = stateName(ruleId, dataset, key)
    if (kind === 'firing') seen.set(name, { atMs: pointAt, value, detail })
    const before = told.get(name)
    if (before !== undefined && (before.knownMs >= knownAt || before.ruleVersion > ruleVersion)) continue
    const episode = { onsetMs: onsetAt, firedMs: knownAt, endsMs: null, isSilent: false, firingId: id }
    const episodes = kind === 'firing' || kind === 'unknown' ? [episode] : []
    told.set(name, { ruleId, ruleVersion, dataset, key, episodes, knownMs: knownAt })
  }
  return { states: [...told.values()], seen }
}

/** A rule with a query: what its answers were so far. It holds no clock and asks nobody. */
export class QueryWatch {
  readonly version: RuleVersion
  private readonly persistence: Persistence
  private readonly instances = new Map<string, WatchedInstance>()
  private unknown: ToldEpisode | undefined
  private failures = 0
  private failingSinceMs = 0

  constructor(version: RuleVersion, { states, seen }: ToldQueries = { states: [], seen: new Map() }) {
    const { rule } = version
    this.version = version
    this.persistence = {
      forMs: rule.for === undefined ? 0 : durationMs(rule.for),
      forSamples: 1,
      keepFiringMs: rule.keepFiringFor === undefined ? 0 : durationMs(rule.keepFiringFor),
    }
    for (const state of states) {
      if (state.ruleId !== rule.id || state.ruleVersion !== version.version) continue
      const told = state.episodes.find(({ endsMs }) => endsMs === null)
      if (told === undefined) continue
      if (state.key === wholeRule) this.unknown = told
      else {
        const row = seen.get(stateName(rule.id, dataset, state.key))
        this.instances.set(state.key, {
          ...{ told, state: { ...inactive, phase: 'firing', onsetMs: told.onsetMs, samples: 1 } },
          seen: row ?? { atMs: told.firedMs, value: null, detail: null },
        })
      }
    }
  }

  /** Takes the answer of an instant, ms UTC, which is later than those before. Returns what is to be told. */
  take(answer: readonly Instance[], atMs: number): EngineOutcome {
    const outcome: EngineOutcome = { transitions: [], states: [] }
    this.failures = 0
    if (this.unknown !== undefined) {
      this.end('known', wholeRule, this.unknown, { atMs, value: null, detail: null }, atMs, outcome)
      this.unknown = undefined
    }
    const keys = new Set(answer.map(({ key }) => key))
    for (const { key, value, detail } of answer) {
      const before = this.instances.get(key)
      const state = nextPhase(before?.state ?? inactive, atMs, true, this.persistence)
      const instance = { told: before?.told, state, seen: { atMs, value, detail } }
      if (instance.told === undefined && isFiring(state)) {
        const seen = { atMs: state.onsetMs, value, detail }
        instance.told = this.begin('firing', key, state.onsetMs, seen, atMs, outcome)
      }
      this.instances.set(key, instance)
    }
    for (const [key, instance] of this.instances) {
      if (keys.has(key)) continue
      instance.state = nextPhase(instance.state, atMs, false, this.persistence)
      if (instance.state.phase !== 'inactive') continue
      if (instance.told !== undefined) this.end('resolved', key, instance.told, instance.seen, atMs, outcome)
      this.instances.delete(key)
    }
    return outcome
  }

  /** Takes that the query failed. Nothing fires or resolves by that. @param why in words, for people */
  fail(why: string, atMs: number): EngineOutcome {
    const outcome: EngineOutcome = { transitions: [], states: [] }
    if (this.failures === 0) this.failingSinceMs = atMs
    this.failures++
    if (this.unknown !== undefined || this.failures < failuresUntilUnknown) return outcome
    const detail = `the query failed ${this.failures} times: ${printable(why)}`
    const seen = { atMs: this.failingSinceMs, value: null, detail }
    this.unknown = this.begin('unknown', wholeRule, this.failingSinceMs, seen, atMs, outcome)
    return outcome
  }

  private begin(
    kind: 'firing' | 'unknown',
    key: string,
    onsetMs: number,
    { atMs, value, detail }: SeenInstance,
    knownMs: number,
    outcome: EngineOutcome,
  ): ToldEpisode {
    const transition = withId({
      ...{ kind, rule: this.version, dataset, key, onsetMs, endsMs: null, firingId: null, detail },
      facts: { ...noFacts, atMs, value, compared: value, knownMs },
    })
    const episode = { onsetMs, firedMs: knownMs, endsMs: null, isSilent: false, firingId: transition.id }
    this.tell(transition, [episode], outcome)
    return episode
  }

  private end(
    kind: 'resolved' | 'known',
    key: string,
    { onsetMs, firingId }: ToldEpisode,
    { atMs, value, detail }: SeenInstance,
    endsMs: number,
    outcome: EngineOutcome,
  ): void {
    const transition = withId({
      ...{ kind, rule: this.version, dataset, key, onsetMs, endsMs, firingId, detail },
      facts: { ...noFacts, atMs, value, compared: value, knownMs: endsMs },
    })
    this.tell(transition, [], outcome)
  }

  private tell(transition: Transition, episodes: ToldEpisode[], { transitions, states }: EngineOutcome): void {
    const { rule, version } = this.version
    const { key, facts } = transition
    transitions.push(transition)
    const state = { ruleId: rule.id, ruleVersion: version, dataset, key, episodes, knownMs: facts.knownMs }
    states.push(episodes.length === 0 ? { ...state, isForgotten: true } : state)
  }
}
