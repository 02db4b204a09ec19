// How transitions and states are written to the topics, and states read.
import { unitOfSeries } from '#core/alerts/declared-series.ts'
import { type EngineOutcome, stateName, type ToldState } from '#core/alerts/engine.ts'
import type { Transition } from '#core/alerts/transition.ts'
import type { Output } from '#platform/kafka/verdict.ts'
import { alertEventsTopic, alertStateTopic } from '#schemas/alert-topics.ts'
import type { AlertEvent, AlertState } from '#schemas/generated/records.ts'

/** Words of upstream may be long. */
const maxDetailChars = 500

export interface AlertEncoders {
  event: (record: AlertEvent) => Buffer
  state: (record: AlertState) => Buffer
}

/** Returns the records of an outcome. The states are written after all transitions are acknowledged. */
export function alertRecords({ transitions, states }: EngineOutcome, encode: AlertEncoders, nowMs: number): Output[] {
  return [
    ...transitions.map((transition) => ({
      topic: alertEventsTopic.name,
      key: transition.rule.rule.id,
      value: encode.event(eventOf(transition, nowMs)),
    })),
    ...states.map((state) => ({
      topic: alertStateTopic.name,
      key: stateName(state.ruleId, state.dataset, state.key),
      value: state.isForgotten ? null : encode.state(stateRecord(state, nowMs)),
      isLast: true,
    })),
  ]
}

/** Returns a transition as it is kept for ever. */
function eventOf(transition: Transition, nowMs: number): AlertEvent {
  const { id, kind, rule, dataset, key, onsetMs, endsMs, firingId, facts, detail } = transition
  const { id: ruleId, title, owner, severity } = rule.rule
  return {
    ...{ id, kind, ruleId, ruleVersion: rule.version, title, owner, severity, dataset, key },
    ...{ unit: unitOfSeries(dataset, key), onsetAt: onsetMs, endsAt: endsMs, firingId, pointAt: facts.atMs },
    ...{ value: facts.value, compared: facts.compared, reference: facts.reference, samples: facts.samples },
    ...{ expected: facts.expected, knownAt: facts.knownMs, rawPartition: facts.raw.partition },
    detail: detail?.slice(0, maxDetailChars) ?? null,
    ...{ rawOffset: facts.raw.offset, at: nowMs },
  }
}

const stateRecord = (
  { ruleId, ruleVersion, dataset, key, episodes, knownMs, pieces }: ToldState,
  nowMs: number,
): AlertState => ({
  ...{ ruleId, ruleVersion, dataset, key, knownAt: knownMs, pieces: pieces ?? null, at: nowMs },
  episodes: episodes.map(({ onsetMs, firedMs, endsMs, firingId }) => ({
    ...{ onsetAt: onsetMs, firedAt: firedMs, endsAt: endsMs, firingId },
  })),
})

/** Returns what a record of a state says. */
export const toldState = ({ ruleId, ruleVersion, dataset, key, episodes, knownAt, pieces }: AlertState): ToldState => ({
  ...{ ruleId, ruleVersion, dataset, key, knownMs: knownAt, ...(pieces !== null && { pieces }) },
  episodes: episodes.map(({ onsetAt, firedAt, endsAt, firingId }) => ({
    ...{ onsetMs: onsetAt, firedMs: firedAt, endsMs: endsAt, firingId, isSilent: false },
  })),
})
