import { expect, test } from 'vitest'
import type { AlertEvent } from '#schemas/generated/records.ts'
import type { EngineOutcome } from './engine.ts'
import type { Instance } from './query-instances.ts'
import { catchUp, QueryWatch } from './query-watch.ts'
import { type RuleVersion, ruleSchema } from './rule.ts'

const minute = 60_000
const startMs = Date.UTC(2026, 10, 1)
const at = (n: number) => startMs + n * minute

const version = (more: object = {}): RuleVersion => ({
  rule: ruleSchema.parse({ id: 'q', title: 't', owner: 'o', when: { sql: 'SELECT 1' }, ...more }),
  version: 3,
})
const row = (key: string, value: number | null = null, detail: string | null = null): Instance => ({
  key,
  value,
  detail,
})
const said = ({ transitions }: EngineOutcome) =>
  transitions.map(({ kind, key, onsetMs, endsMs, facts }) => [kind, key, onsetMs, endsMs, facts.value])

test('a row that appears fires, and one that is gone is resolved with the value that it had last', () => {
  const watch = new QueryWatch(version())
  const fired = watch.take([row('AT', 5, 'low'), row('BE', 7)], at(0))
  expect(said(fired)).toEqual([
    ['firing', 'AT', at(0), null, 5],
    ['firing', 'BE', at(0), null, 7],
  ])
  expect(fired.transitions[0]?.detail).toBe('low')
  expect(said(watch.take([row('AT', 6), row('BE', 7)], at(1)))).toEqual([])
  const gone = watch.take([row('BE', 8)], at(2))
  expect(said(gone)).toEqual([['resolved', 'AT', at(0), at(2), 6]])
  expect(gone.transitions[0]?.firingId).toBe(fired.transitions[0]?.id)
  expect(gone.transitions[0]?.facts.atMs).toBe(at(1))
  expect(gone.states).toEqual([
    { ruleId: 'q', ruleVersion: 3, dataset: 'sql', key: 'AT', episodes: [], knownMs: at(2), isForgotten: true },
  ])
  // It is a new episode when it comes again.
  expect(said(watch.take([row('AT', 1), row('BE', 8)], at(3)))).toEqual([['firing', 'AT', at(3), null, 1]])
})

test('`for` and `keepFiringFor` count between the instants of the answers', () => {
  const watch = new QueryWatch(version({ for: 'PT2M', keepFiringFor: 'PT2M' }))
  expect(said(watch.take([row('AT', 1)], at(0)))).toEqual([])
  expect(said(watch.take([], at(1)))).toEqual([])
  expect(said(watch.take([row('AT', 1)], at(2)))).toEqual([])
  expect(said(watch.take([row('AT', 2)], at(3)))).toEqual([])
  expect(said(watch.take([row('AT', 3)], at(4)))).toEqual([['firing', 'AT', at(2), null, 3]])
  expect(said(watch.take([], at(5)))).toEqual([])
  expect(said(watch.take([row('AT', 4)], at(6)))).toEqual([])
  expect(said(watch.take([], at(7)))).toEqual([])
  expect(said(watch.take([], at(8)))).toEqual([])
  expect(said(watch.take([], at(9)))).toEqual([['resolved', 'AT', at(2), at(9), 4]])
})

test('a query that fails neither fires nor resolves; the third failure in a row is unknown, an answer is known', () => {
  const watch = new QueryWatch(version())
  watch.take([row('AT', 5)], at(0))
  expect(said(watch.fail('no', at(1)))).toEqual([])
  expect(said(watch.fail('no', at(2)))).toEqual([])
  expect(said(watch.take([row('AT', 5)], at(3)))).toEqual([])
  watch.fail('no', at(4))
  watch.fail('no', at(5))
  const unknown = watch.fail('The store says: no\u001b', at(6))
  expect(said(unknown)).toEqual([['unknown', '', at(4), null, null]])
  expect(unknown.transitions[0]?.detail).toBe('the query failed 3 times: The store says: no\ufffd')
  expect(said(watch.fail('no', at(7)))).toEqual([])
  const known = watch.take([], at(8))
  expect(said(known)).toEqual([
    ['known', '', at(4), at(8), null],
    ['resolved', 'AT', at(0), at(8), 5],
  ])
  expect(known.transitions[0]?.firingId).toBe(unknown.transitions[0]?.id)
})

const eventOf = ({ transitions }: EngineOutcome): AlertEvent[] =>
  transitions.map(({ id, kind, key, onsetMs, endsMs, firingId, facts, detail }) => ({
    ...{ id, kind, ruleId: 'q', ruleVersion: 3, title: 't', owner: 'o', severity: 'warning', dataset: 'sql', key },
    ...{
      unit: '',
      onsetAt: onsetMs,
      endsAt: endsMs,
      firingId,
      pointAt: facts.atMs,
      value: facts.value,
      compared: null,
    },
    ...{ reference: null, samples: null, expected: null, knownAt: facts.knownMs, rawPartition: -1, rawOffset: -1 },
    ...{ detail, at: facts.knownMs },
  }))

test('after a restart nothing is told twice, also if a transition is acknowledged and its state is not', () => {
  const before = new QueryWatch(version())
  const first = before.take([row('AT', 5)], at(0))
  const second = before.take([row('AT', 5), row('BE', 7)], at(1))
  const third = before.take([row('BE', 7)], at(2))
  const events = [first, second, third].flatMap(eventOf)
  const all = [first, second, third].flatMap(({ states }) => states)
  // The states as they are on the compacted topic: of none, of some and of all transitions.
  for (const states of [[], first.states, all.slice(0, 2), all.slice(1)]) {
    const after = new QueryWatch(version(), catchUp(states, events))
    expect(said(after.take([row('BE', 9)], at(3)))).toEqual([])
    const again = new QueryWatch(version(), catchUp(states, events))
    const gone = again.take([], at(3))
    expect(said(gone)).toEqual([['resolved', 'BE', at(1), at(3), 7]])
    expect(gone.transitions[0]?.firingId).toBe(second.transitions[0]?.id)
  }
  // What an older version of the rule told is not of this one.
  const changed = new QueryWatch({ ...version(), version: 4 }, catchUp(all, events))
  expect(said(changed.take([row('BE', 9)], at(3)))).toEqual([['firing', 'BE', at(3), null, 9]])
})

test('after a restart an unknown query is unknown until it works', () => {
  const before = new QueryWatch(version())
  const outcomes = [1, 2, 3].map((n) => before.fail('no', at(n)))
  const after = new QueryWatch(version(), catchUp([], outcomes.flatMap(eventOf)))
  for (const n of [4, 5, 6, 7]) expect(said(after.fail('no', at(n)))).toEqual([])
  expect(said(after.take([], at(8)))).toEqual([['known', '', at(1), at(8), null]])
})
