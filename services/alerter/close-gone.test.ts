import { expect, test } from 'vitest'
import type { ToldState } from '#core/alerts/engine.ts'
import { ruleSchema } from '#core/alerts/rule.ts'
import { closeGone, type KnownRule } from './start-engine.ts'

const nowMs = Date.UTC(2026, 10, 1)
const hourMs = 3_600_000

const known = (id: string, version: number, isDeleted = false): [string, KnownRule] => {
  const of = { dataset: 'kraken.ticker', key: '*' }
  return [
    id,
    { rule: ruleSchema.parse({ id, title: 't', owner: 'o', of, when: { value: '>', than: 1 } }), version, isDeleted },
  ]
}

const episode = (onsetMs: number, endsMs: number | null) => ({
  ...{ onsetMs, firedMs: onsetMs, endsMs, firingId: `f${onsetMs}`, isSilent: false },
})

const state = (ruleId: string, partial: Partial<ToldState> = {}): ToldState => ({
  ...{ ruleId, ruleVersion: 1, dataset: 'kraken.ticker', key: 'A.last', knownMs: nowMs - 5 },
  ...{ episodes: [episode(nowMs - hourMs, null)], ...partial },
})

test('what fires by a rule that was deleted or changed is resolved, and what fires by the others is left', () => {
  const rules = new Map([known('deleted', 2, true), known('changed', 2), known('same', 1)])
  const { transitions, states } = closeGone([state('deleted'), state('changed'), state('same')], rules, nowMs)
  expect(transitions.map(({ rule, kind, firingId, detail }) => [rule.rule.id, kind, firingId, detail])).toEqual([
    ['deleted', 'resolved', `f${nowMs - hourMs}`, 'the rule was deleted'],
    ['changed', 'resolved', `f${nowMs - hourMs}`, 'the rule was changed'],
  ])
  expect(states.map(({ ruleId, episodes }) => [ruleId, episodes])).toEqual([
    ['deleted', []],
    ['changed', []],
  ])
  expect(transitions[0]?.facts.knownMs).toBe(nowMs - 5)
})

test('episodes whose end is known are resolved if it lies ahead, each by itself', () => {
  const episodes = [
    episode(nowMs - 3 * hourMs, nowMs),
    episode(nowMs - hourMs, nowMs + 1),
    episode(nowMs + hourMs, nowMs + 2 * hourMs),
  ]
  const { transitions } = closeGone([state('gone', { episodes })], new Map([known('gone', 2, true)]), nowMs)
  expect(transitions.map(({ onsetMs }) => onsetMs)).toEqual([nowMs - hourMs, nowMs + hourMs])
  expect(new Set(transitions.map(({ id }) => id)).size).toBe(2)
})

test('what was told of a rule that is gone is forgotten, once, also where nothing fires any more', () => {
  const rules = new Map([known('gone', 2, true), known('same', 1)])
  const { transitions, states } = closeGone([state('gone', { episodes: [] }), state('same')], rules, nowMs)
  expect(transitions).toEqual([])
  expect(states).toEqual([{ ...state('gone', { episodes: [] }), isForgotten: true }])
  expect(closeGone(states, rules, nowMs).states).toEqual([])
})

test('that data is missing ends with the rule, and the same states have the same ids at any time', () => {
  const told = [state('gone', { key: '' })]
  const rules = new Map([known('gone', 2, true)])
  const [first] = closeGone(told, rules, nowMs).transitions
  const [again] = closeGone(told, rules, nowMs + hourMs).transitions
  expect(first?.kind).toBe('known')
  expect(again?.id).toBe(first?.id)
})
