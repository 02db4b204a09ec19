import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type KnownValue, ruleModel, type Said } from '../../test/support/rule-model.ts'
import { AlertEngine, type EngineOutcome, type ToldState } from './engine.ts'
import { type Rule, ruleSchema } from './rule.ts'
import type { PointRun } from './series-points.ts'

const stepMs = 3_600_000
const fromMs = Date.UTC(2026, 10, 28)
/** Everything is published on the day before. */
const dueMs = fromMs - 12 * stepMs
const hoursOfWindow = 4

const ruleOf = (when: object, rest: object = {}): Rule =>
  ruleSchema.parse({ id: 'r', title: 't', owner: 'o', of: { dataset: 'd', key: 'a' }, maxAge: 'P10D', when, ...rest })
const aboveOther = { value: '>', than: 0, as: 'difference', to: { dataset: 'd', key: 'b' } }

const engineOf = (rule: Rule, told: Iterable<ToldState> = []) => {
  const steps = [{ fromMs: 0, stepS: 3_600 }]
  return new AlertEngine([{ rule, version: 1 }], (dataset, key) => ({ dataset, key, labels: {}, steps }), told)
}

/** The part of an answer that every record of it has. `at` is its place among the answers. */
const answerOf = (at: number, window = 0, isSilent = false) => ({
  ...{ identity: window + 1, knownMs: dueMs + at * 60_000, dueMs, raw: { partition: 0, offset: at }, isSilent },
})
const runOf = (at: number, values: (number | null)[], window = 0): PointRun => ({
  ...{ ...answerOf(at, window), startMs: fromMs + window * hoursOfWindow * stepMs, stepS: 3_600, values },
})

const hourOf = (ms: number) => (ms - fromMs) / stepMs
const said = ({ transitions }: Pick<EngineOutcome, 'transitions'>): Said[] =>
  transitions
    .map(({ kind, onsetMs, endsMs }): Said => [kind, hourOf(onsetMs), endsMs === null ? null : hourOf(endsMs)])
    .toSorted()

/** An engine that was told once that `a` is 1 and `b` is 2 for four hours. */
function published(rule = ruleOf(aboveOther)) {
  const engine = engineOf(rule)
  const take = (key: string, at: number, values: (number | null)[], window = 0) =>
    said(engine.take('d', key, runOf(at, values, window)))
  const withdraw = (at: number, window = 0) => said(engine.withdraw('d', answerOf(at, window)))
  expect([take('a', 0, [1, 1, 1, 1]), take('b', 0, [2, 2, 2, 2])]).toEqual([[], []])
  return { engine, take, withdraw }
}

test('an answer that revises both series tells nothing that only half of it says', () => {
  const { take } = published()
  // 5 is more than 2, but not more than 9.
  expect(take('a', 1, [5, 5, 1, 1])).toEqual([])
  expect(take('b', 1, [9, 9, 9, 9])).toEqual([])
  // The other way round: 9 was taken back, and 5 is more than 0 for two hours.
  expect(take('b', 2, [0, 0, 9, 9])).toEqual([])
  expect(take('a', 2, [5, 5, 1, 1])).toEqual([['firing', 0, 2]])
})

test('an answer that names the other series as it was decides when its slice is there', () => {
  const { take } = published()
  expect(take('a', 1, [1, 5, 1, 1])).toEqual([])
  expect(take('b', 1, [2, 2, 2, 2])).toEqual([['firing', 1, 2]])
  expect(take('b', 2, [0, 0, 0, 2])).toEqual([])
  expect(take('a', 2, [1, 5, 1, 1])).toEqual([
    ['cancelled', 1, null],
    ['firing', 0, 3],
  ])
})

test('an answer that no longer names the other series decides when all of it is taken', () => {
  const { take, withdraw } = published()
  take('a', 1, [5, 5, 1, 1])
  expect(take('b', 1, [2, 2, 2, 2])).toEqual([['firing', 0, 2]])
  expect(take('a', 2, [5, 1, 1, 1])).toEqual([])
  expect(withdraw(2)).toEqual([['cancelled', 0, null]])
  // There is nothing left to take back, and no more to wait for.
  expect(take('b', 3, [2, 2, 2, 2])).toEqual([])
  expect(withdraw(3)).toEqual([])
  expect(take('a', 4, [5, 1, 1, 1])).toEqual([])
  expect(take('b', 4, [2, 2, 2, 2])).toEqual([['firing', 0, 1]])
})

test('the rest of an answer is waited for across the end of an earlier one, and not across the next one', () => {
  const { take, withdraw } = published()
  take('b', 1, [2, 2, 2, 2])
  take('a', 1, [1, 1, 1, 1])
  expect(take('a', 2, [5, 1, 1, 1])).toEqual([])
  expect(withdraw(1)).toEqual([])
  expect(take('b', 3, [9, 9, 9, 9], 1)).toEqual([['firing', 0, 1]])
})

test('a window that is published first is judged when both series are there', () => {
  const { take, withdraw } = published(ruleOf({ any: [{ value: '>', than: 100 }, aboveOther] }))
  expect(take('a', 1, [200, 5, 5, 1], 1)).toEqual([])
  expect(take('b', 1, [9, 1, 1, 1], 1)).toEqual([['firing', 4, 7]])
  // An answer that never names the other series: its end says so.
  expect(take('a', 2, [200, 200, 200, 200], 2)).toEqual([])
  expect(withdraw(2, 2)).toEqual([['firing', 8, null]])
})

test('nobody waits for another request, or for another tick', () => {
  const other = published()
  expect(said(other.engine.take('d', 'b', { ...runOf(1, [0, 2, 2, 2]), identity: 99 }))).toEqual([['firing', 0, 1]])
  const ticks = published()
  expect(said(ticks.engine.take('d', 'a', { ...runOf(1, [5, 1, 1, 1]), dueMs: null }))).toEqual([['firing', 0, 1]])
})

test('a rule on the same series that compares nothing is not held up', () => {
  const steps = [{ fromMs: 0, stepS: 3_600 }]
  const rules = [ruleOf(aboveOther), { ...ruleOf({ value: '>', than: 3 }), id: 'plain' }]
  const engine = new AlertEngine(
    rules.map((rule) => ({ rule, version: 1 })),
    (dataset, key) => ({ dataset, key, labels: {}, steps }),
  )
  engine.take('d', 'a', runOf(0, [1, 1, 1, 1]))
  engine.take('d', 'b', runOf(0, [2, 2, 2, 2]))
  const { transitions } = engine.take('d', 'a', runOf(1, [5, 1, 1, 1]))
  expect(transitions.map(({ rule }) => rule.rule.id)).toEqual(['plain'])
})

const values = fc.array(fc.oneof({ weight: 5, arbitrary: fc.integer({ min: 1, max: 9 }) }, fc.constant(null)), {
  minLength: hoursOfWindow,
  maxLength: hoursOfWindow,
})
/** Null: the answer does not name the series. */
const named = fc.oneof({ weight: 5, arbitrary: values }, fc.constant(null))
const answers = fc.array(fc.record({ window: fc.nat(3), a: named, b: named, isOtherFirst: fc.boolean() }), {
  minLength: 1,
  maxLength: 12,
})
type Answered = typeof answers extends fc.Arbitrary<(infer Each)[]> ? Each : never

const plain = { value: '>', than: 5 }
const rules = fc
  .record(
    {
      when: fc.constantFrom<object>(
        aboveOther,
        { ...aboveOther, as: 'ratio', than: 1.5 },
        { all: [plain, aboveOther] },
        { any: [plain, aboveOther] },
      ),
      for: fc.constantFrom('PT1H', 'PT2H'),
      keepFiringFor: fc.constantFrom('PT1H', 'PT3H'),
      times: fc.constantFrom({ of: 3, atLeast: 2 }, { of: 5, atLeast: 1 }),
    },
    { requiredKeys: ['when'] },
  )
  .map(({ when, ...rest }) => ruleOf(when, rest))

/** The first answer names both series, so that both are known to come in one answer. */
const withFirst = (later: readonly Answered[]): Answered[] => [
  { window: 0, a: [1, 1, 1, 1], b: [9, 9, 9, 9], isOtherFirst: true },
  ...later,
]

/** Returns what the engine takes of each answer, one after the other. */
function callsOf({ window, a, b, isOtherFirst }: Answered, at: number) {
  const slices = [
    ...(a === null ? [] : [{ key: 'a', run: runOf(at, a, window) }]),
    ...(b === null ? [] : [{ key: 'b', run: runOf(at, b, window) }]),
  ]
  const inOrder = isOtherFirst ? slices.toReversed() : slices
  return [
    ...inOrder.map(
      ({ key, run }) =>
        (engine: AlertEngine, isSilent: boolean) =>
          engine.take('d', key, { ...run, isSilent }),
    ),
    (engine: AlertEngine, isSilent: boolean) => engine.withdraw('d', answerOf(at, window, isSilent)),
  ]
}

/** Returns the values of a series after an answer: those that it does not name are taken back, if there were any. */
function valuesOf(named: (number | null)[] | null, window: number, wasNamed: Set<number>): KnownValue[] {
  if (named === null && !wasNamed.has(window)) return []
  wasNamed.add(window)
  return Array.from({ length: hoursOfWindow }, (_, at) => ({
    at: window * hoursOfWindow + at,
    value: named?.[at] ?? null,
  }))
}

test('of each answer is told what a computation from scratch says of it as a whole, and nothing in between', () => {
  fc.assert(
    fc.property(rules, answers, (rule, later) => {
      const engine = engineOf(rule)
      const expected = ruleModel(rule, stepMs)
      const wasNamed = { a: new Set<number>(), b: new Set<number>() }
      for (const [at, answer] of withFirst(later).entries()) {
        const transitions = callsOf(answer, at).flatMap((call) => call(engine, false).transitions)
        const { window, a, b } = answer
        const points = [valuesOf(a, window, wasNamed.a), valuesOf(b, window, wasNamed.b)] as const
        expect(said({ transitions })).toEqual(expected(points[0], false, points[1]).toSorted())
      }
    }),
    { numRuns: 3_000 },
  )
})

test('the order of the slices of an answer changes nothing, down to the ids', () => {
  fc.assert(
    fc.property(rules, answers, (rule, later) => {
      const [one, other] = [engineOf(rule), engineOf(rule)]
      for (const [at, answer] of withFirst(later).entries()) {
        const turned = { ...answer, isOtherFirst: !answer.isOtherFirst || at === 0 }
        const told = callsOf(answer, at).flatMap((call) => call(one, false).transitions)
        expect(callsOf(turned, at).flatMap((call) => call(other, false).transitions)).toEqual(told)
      }
    }),
    { numRuns: 1_000 },
  )
})

// It fires by the answers before the start, is taken back after it, and comes again with the same onset.
const toldAndTakenBack = {
  rule: ruleOf({ any: [plain, aboveOther] }, { for: 'PT1H', times: { of: 3, atLeast: 2 } }),
  answers: [
    { window: 2, a: [null, 1, 1, 6], b: null, isOtherFirst: false },
    { window: 0, a: [1, 1, 3, 2], b: [1, 1, 1, 1], isOtherFirst: false },
    { window: 2, a: null, b: [1, 1, 1, 1], isOtherFirst: false },
    { window: 3, a: [1, 1, 1, 1], b: [1, 1, 1, 1], isOtherFirst: true },
  ],
}

test('an engine that starts anew between the slices of an answer goes on as if it had never stopped', () => {
  fc.assert(
    fc.property(rules, answers, fc.nat(39), (rule, later, at) => {
      const calls = withFirst(later).flatMap(callsOf)
      const engine = engineOf(rule)
      let told: ToldState | undefined
      const whole = calls.map((call, index) => {
        const outcome = call(engine, false)
        if (index < at) told = outcome.states.at(-1) ?? told
        return outcome.transitions
      })
      const other = engineOf(rule, told ? [told] : [])
      for (const [index, call] of calls.entries()) {
        const { transitions } = call(other, index < at)
        if (index >= at) expect(transitions).toEqual(whole[index])
      }
    }),
    { numRuns: 3_000, examples: [[toldAndTakenBack.rule, toldAndTakenBack.answers, 7]] },
  )
})

test('an engine that gets slices again, which it had told of before it died, repeats and says nothing else', () => {
  fc.assert(
    fc.property(rules, answers, fc.nat(39), fc.nat(5), (rule, later, at, again) => {
      const calls = withFirst(later).flatMap(callsOf)
      const engine = engineOf(rule)
      let told: ToldState | undefined
      const whole = calls.map((call, index) => {
        const outcome = call(engine, false)
        // The states of these records were written. Their offset was not committed.
        if (index < at + again) told = outcome.states.at(-1) ?? told
        return outcome.transitions
      })
      const ids = new Set(whole.flat().map(({ id }) => id))
      const other = engineOf(rule, told ? [told] : [])
      for (const [index, call] of calls.entries()) {
        const { transitions } = call(other, index < at)
        if (index < at + again) expect(transitions.filter(({ id }) => !ids.has(id))).toEqual([])
        else expect(transitions).toEqual(whole[index])
      }
    }),
    { numRuns: 3_000 },
  )
})
