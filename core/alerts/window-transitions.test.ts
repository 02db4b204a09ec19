import { expect, test } from 'vitest'
import type { CompletenessChange } from '#schemas/generated/records.ts'
import type { EngineOutcome, ToldState } from './engine.ts'
import { ruleSchema } from './rule.ts'
import { knownTransitions, windowTransitions } from './window-transitions.ts'

const hourMs = 3_600_000
const startMs = Date.parse('2026-10-31T23:00:00Z')
const dueMs = startMs - 12 * hourMs

const ruleOf = (when: object, partial: object = {}) => ({
  rule: ruleSchema.parse({ id: 'r', title: 't', owner: 'o', of: { dataset: 'jao.*' }, when, ...partial }),
  version: 3,
})
const published = [ruleOf({ becomes: 'published' })]
const late = [ruleOf({ becomes: 'late' })]
const retracted = [ruleOf({ becomes: 'retracted' })]
const ofValues = [ruleOf({ value: '>', than: 1 })]

const change = (partial: Partial<CompletenessChange>): CompletenessChange => ({
  ...{ dataset: 'jao.core.atc', requestIdentity: 'i', selector: null, windowStart: startMs },
  ...{ windowEnd: startMs + 24 * hourMs, class: 'complete', previousClass: 'not-yet-due', cause: null, detail: null },
  ...{ since: dueMs, at: dueMs + 1_000, expectedBy: dueMs, ...partial },
})

/** What is told of changes, one after the other, with what was told before. */
function told(rules: typeof late, changes: readonly Partial<CompletenessChange>[], isSilent = true) {
  const states = new Map<string, ToldState>()
  const nameOf = (...parts: string[]) => parts.join('/')
  return changes.map((partial) => {
    const outcome: EngineOutcome = windowTransitions(
      rules,
      change(partial),
      (...p) => states.get(nameOf(...p)),
      isSilent,
    )
    for (const state of outcome.states) states.set(nameOf(state.ruleId, state.dataset, state.key), state)
    return outcome.transitions
  })
}
const kinds = (...parts: Parameters<typeof told>) => told(...parts).map((each) => each.map(({ kind }) => kind))

test('a window is published once, when it becomes complete', () => {
  const changes = [{}, { class: 'complete', previousClass: 'complete' }, { class: 'late' }, { class: 'partial' }]
  expect(kinds(published, changes)).toEqual([['happened'], [], [], []])
  const [first] = told(published, [{ selector: 'FR-GB' }]).flat()
  expect(first).toMatchObject({ key: 'FR-GB@2026-10-31T23:00:00.000Z', onsetMs: dueMs, endsMs: null })
})

test('a window that is published after delivery may alert for a day after it was due', () => {
  const endMs = startMs + 24 * hourMs
  const afterMs = (hours: number) => [
    { previousClass: 'late', since: endMs + hours * hourMs, at: endMs + hours * hourMs },
  ]
  expect(kinds(published, afterMs(24))).toEqual([['happened']])
  expect(kinds(published, afterMs(25))).toEqual([[]])
  expect(kinds([ruleOf({ becomes: 'published' }, { maxAge: 'P2D' })], afterMs(25))).toEqual([['happened']])
  // From when it was due, if that was later.
  const laterMs = endMs + 40 * hourMs
  expect(kinds(published, [{ ...afterMs(25)[0], expectedBy: laterMs }])).toEqual([['happened']])
})

test('a late window fires, stays late while it is lost, and is resolved when it comes', () => {
  const lateAtMs = dueMs + hourMs / 2
  const changes = [
    { class: 'late', cause: 'upstream-unreachable', detail: 'HTTP 503', since: lateAtMs, at: lateAtMs + 60_000 },
    { class: 'lost', previousClass: 'late', since: dueMs + 2 * hourMs, at: dueMs + 2 * hourMs },
    { class: 'complete', previousClass: 'lost', since: dueMs + 3 * hourMs, at: dueMs + 3 * hourMs },
    { class: 'complete', previousClass: 'partial', since: dueMs + 4 * hourMs, at: dueMs + 4 * hourMs },
  ]
  const [[firing] = [], lost, [resolved] = [], again] = told(late, changes)
  expect(firing).toMatchObject({ kind: 'firing', onsetMs: lateAtMs, endsMs: null, firingId: null })
  expect(firing?.detail).toBe('late: upstream-unreachable: HTTP 503')
  expect([lost, again]).toEqual([[], []])
  expect(resolved).toMatchObject({ kind: 'resolved', onsetMs: lateAtMs, endsMs: dueMs + 3 * hourMs })
  expect(resolved?.firingId).toBe(firing?.id)
})

test('a window that is retracted is told, one that was never there is not', () => {
  const changes = [{ class: 'retracted', previousClass: 'complete' }, { class: 'retracted', previousClass: null }, {}]
  expect(kinds(retracted, changes)).toEqual([['happened'], [], []])
})

test('a backfill of last year alerts nobody, whatever becomes of its windows', () => {
  const yearMs = 365 * 24 * hourMs
  const old = {
    ...{ windowStart: startMs - yearMs, windowEnd: startMs - yearMs + 24 * hourMs, expectedBy: dueMs - yearMs },
    ...{ since: dueMs, at: dueMs },
  }
  const changes = ['lost', 'late', 'complete', 'retracted'].map((name) => ({
    ...old,
    ...{ class: name, previousClass: name === 'complete' ? 'not-collected' : null },
  }))
  // `since` of a late window is when it became late: a year ago. What counts is the instant of the evaluation.
  const late365 = { ...old, class: 'late', previousClass: null, since: dueMs - yearMs }
  for (const rules of [published, late, retracted, ofValues])
    expect(kinds(rules, [...changes, late365])).toEqual([[], [], [], [], []])
})

test('missing data makes a rule on values unknown, once, with the class and the cause, and complete data known', () => {
  const changes = [
    { class: 'late', cause: 'upstream-unreachable', since: dueMs + hourMs / 2 },
    { class: 'late', selector: 'FR-GB', since: dueMs + hourMs },
    { class: 'complete', previousClass: 'late', at: dueMs + 2 * hourMs },
    { class: 'complete', previousClass: 'late', at: dueMs + 3 * hourMs },
  ]
  const [[unknown] = [], second, [known] = [], last] = told(ofValues, changes)
  expect(unknown).toMatchObject({ kind: 'unknown', key: '', onsetMs: dueMs + hourMs / 2 })
  expect(unknown?.detail).toBe('late: upstream-unreachable')
  expect([second, last]).toEqual([[], []])
  expect(known).toMatchObject({ kind: 'known', key: '', endsMs: dueMs + 2 * hourMs, firingId: unknown?.id })
})

test('a window of last year that is backfilled makes no rule known again', () => {
  const yearMs = 365 * 24 * hourMs
  const old = { windowStart: startMs - yearMs, windowEnd: startMs - yearMs, expectedBy: dueMs - yearMs }
  expect(kinds(ofValues, [{ class: 'late' }, { ...old, previousClass: 'not-collected' }, {}])).toEqual([
    ['unknown'],
    [],
    ['known'],
  ])
})

test('one lost tick among others makes nothing unknown, but is late to a rule about that', () => {
  const lost = [{ class: 'lost' }]
  expect(kinds(ofValues, lost, false)).toEqual([[]])
  expect(kinds(late, lost, false)).toEqual([['firing']])
})

test('rules of other datasets are told nothing', () => {
  const other = [ruleOf({ becomes: 'late' }, { of: { dataset: 'kraken.*' } })]
  expect(kinds(other, [{ class: 'late' }])).toEqual([[]])
})

test('points that come make a rule known again that was told to be unknown, and no other', () => {
  const states = new Map<string, ToldState>()
  const { states: made } = windowTransitions(ofValues, change({ class: 'late' }), () => undefined, true)
  for (const state of made) states.set(state.dataset, state)
  const find = (_: string, dataset: string) => states.get(dataset)
  const outcome = knownTransitions(ofValues, 'jao.core.atc', dueMs + hourMs, find)
  expect(outcome.transitions.map(({ kind, endsMs }) => [kind, endsMs])).toEqual([['known', dueMs + hourMs]])
  expect(outcome.states.map(({ episodes }) => episodes)).toEqual([[]])
  expect(knownTransitions(ofValues, 'jao.core.lta', dueMs + hourMs, find).transitions).toEqual([])
})

test('the same change makes the same transitions, with the same ids', () => {
  expect(told(late, [{ class: 'late' }])).toEqual(told(late, [{ class: 'late' }]))
})
