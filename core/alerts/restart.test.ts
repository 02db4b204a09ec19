// What an engine says after a start is what it would have said without one: each call is given to an engine that never
// stopped, and to one that has taken the calls before it in silence.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AlertEngine, type EngineOutcome, stateName, type ToldState } from './engine.ts'
import { type Rule, ruleSchema } from './rule.ts'

const hourMs = 3_600_000
const fromMs = Date.UTC(2026, 10, 28)
/** The day is published at noon of the day before. */
const dueMs = fromMs - 12 * hourMs

const ruleOf = (when: object, rest: object = {}): Rule =>
  ruleSchema.parse({ id: 'r', title: 't', owner: 'o', of: { dataset: 'd', key: '*' }, maxAge: 'P10D', when, ...rest })

const engineOf = (rule: Rule, told: Iterable<ToldState> = []) => {
  const steps = [{ fromMs: 0, stepS: 3_600 }]
  return new AlertEngine([{ rule, version: 1 }], (dataset, key) => ({ dataset, key, labels: {}, steps }), told)
}

/** What an engine is given: a slice, or the end of an answer. `number`: of the answer it belongs to. */
interface Call {
  number: number
  isSilent?: boolean
  give: (engine: AlertEngine, isSilent: boolean) => EngineOutcome
}

const answerOf = (number: number, identity: number) => ({
  ...{ identity, knownMs: dueMs + number * 60_000, dueMs, raw: { partition: 0, offset: number } },
})

const slice = (number: number, identity: number, hour: number, values: (number | null)[], key = 'a'): Call => ({
  number,
  give: (engine, isSilent) => {
    const run = { startMs: fromMs + hour * hourMs, stepS: 3_600, values, isSilent }
    return engine.take('d', key, { ...answerOf(number, identity), ...run })
  },
})

const end = (number: number, identity: number): Call => ({
  number,
  give: (engine, isSilent) => engine.withdraw('d', { ...answerOf(number, identity), isSilent }),
})

const hours = (first: readonly number[]): number[] => [...first, ...Array.from({ length: 24 - first.length }, () => 1)]

interface Start {
  /** The first call after the start, and that before which all states are written. */
  at: number
  writtenTo?: number
}

/** Returns what each call tells an engine that never stops, and one that starts anew. */
function withAndWithoutStart(rule: Rule, calls: readonly Call[], { at, writtenTo = at }: Start) {
  const engine = engineOf(rule)
  const written = new Map<string, ToldState>()
  const whole = calls.map(({ give, isSilent = false }, index) => {
    const { transitions, states } = give(engine, isSilent)
    if (index < writtenTo) for (const state of states) written.set(stateName('r', state.dataset, state.key), state)
    return transitions
  })
  const other = engineOf(rule, written.values())
  const started = calls.map(({ give, isSilent = false }, index) => {
    if (index === at) other.resume(Number.NEGATIVE_INFINITY)
    return give(other, isSilent || index < at).transitions
  })
  return { whole, started }
}

const above5 = ruleOf({ value: '>', than: 5 })

test('what was told of today is taken back after a start at which the day after was read again first', () => {
  const calls = [
    slice(0, 2, 24, hours([])),
    slice(1, 1, 0, hours([9, 9])),
    slice(2, 1, 0, hours([])),
    slice(3, 1, 0, hours([9, 9, 9])),
  ]
  const { whole, started } = withAndWithoutStart(above5, calls, { at: 2 })
  const said = started.map((transitions) => transitions.map(({ kind, onsetMs }) => [kind, onsetMs]))
  expect(said.slice(2)).toEqual([[['cancelled', fromMs]], [['firing', fromMs]]])
  expect(started.slice(2)).toEqual(whole.slice(2))
})

test('what an answer no longer names is taken back by its end, also if a start comes between its slices and the end', () => {
  const calls = [slice(0, 1, 0, [1, 1, 9, 9, 1, 1]), end(0, 1), slice(1, 1, 0, [8, 1]), end(1, 1)]
  const { whole, started } = withAndWithoutStart(above5, calls, { at: 3 })
  const cancelled = { kind: 'cancelled', onsetMs: fromMs + 2 * hourMs, facts: { knownMs: dueMs + 60_000 } }
  expect(started[3]).toMatchObject([cancelled])
  expect(started[3]).toEqual(whole[3])
})

test('the second slice of an answer is told, also if a start comes between it and the first one', () => {
  const calls = [slice(0, 1, 0, [9, 1]), slice(0, 1, 4, [9, 1]), end(0, 1)]
  const { whole, started } = withAndWithoutStart(above5, calls, { at: 1 })
  expect(started[1]).toMatchObject([{ kind: 'firing', onsetMs: fromMs + 4 * hourMs }])
  expect(started[1]).toEqual(whole[1])
})

test('an end that comes again after a start is not told once more, and nor are the slices before it', () => {
  const calls = [slice(0, 1, 0, [9, 9, 1]), end(0, 1), slice(1, 1, 0, [8]), end(1, 1)]
  const { whole, started } = withAndWithoutStart(above5, calls, { at: 2, writtenTo: 4 })
  // The hour at which the excursion ended is withdrawn: it has no end any more.
  expect(whole.map((transitions) => transitions.map(({ kind }) => kind))).toEqual([['firing'], [], [], ['changed']])
  expect(started.flat()).toEqual([])
})

test('a state that says nothing of the pieces of its answer was written when all of it was told', () => {
  const calls = [slice(0, 1, 0, [9, 1]), end(0, 1)]
  const first = engineOf(above5)
  const { states } = (calls[0] as Call).give(first, false)
  const older = states.map(({ pieces: _, ...state }) => state)
  const engine = engineOf(above5, older)
  engine.resume(Number.NEGATIVE_INFINITY)
  expect(calls.flatMap(({ give }) => give(engine, false).transitions)).toEqual([])
})

// Between two slices of one answer, an episode of a replay may go and come back. A start at that moment tells it.
const loud = (call: Call): Call => ({ ...call, isSilent: false })

const value = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 1, max: 9 }) },
  { weight: 1, arbitrary: fc.constant(null) },
)
const runs = (maxLength: number) =>
  fc.array(fc.record({ at: fc.nat(7), values: fc.array(value, { minLength: 1, maxLength: 4 }) }), { maxLength })
const seldom = fc.oneof({ weight: 6, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) })

/** Answers to two requests: some slices of two series, in any order. What an answer does not name is withdrawn. */
const answers = fc.array(fc.record({ request: fc.nat(1), a: runs(3), b: runs(2), isSilent: seldom }), {
  minLength: 1,
  maxLength: 8,
})

const rules = fc
  .record(
    {
      when: fc.constantFrom<object>(
        { value: '>', than: 5 },
        {
          all: [
            { value: '>', than: 5 },
            { value: '<', than: 9 },
          ],
        },
        { value: '>', than: 0, as: 'difference', to: { dataset: 'd', key: 'b' } },
        { revision: '>', than: 2 },
        { withdrawn: 'ahead' },
      ),
      for: fc.constantFrom('PT1H', 'PT2H'),
      keepFiringFor: fc.constantFrom('PT1H', 'PT3H'),
      times: fc.constantFrom({ of: 3, atLeast: 2 }),
    },
    { requiredKeys: ['when'] },
  )
  .map(({ when, ...rest }) => ruleOf(when, 'value' in when || 'all' in when ? rest : {}))

const callsOf = (answered: typeof answers extends fc.Arbitrary<infer T> ? T : never): Call[] =>
  answered.flatMap(({ request, a, b, isSilent }, number) => {
    const first = request * 12
    const sliced = (key: string) => (run: { at: number; values: (number | null)[] }) =>
      slice(number, request + 1, first + run.at, run.values, key)
    return [...a.map(sliced('a')), ...b.map(sliced('b')), end(number, request + 1)].map((call) => ({
      ...call,
      isSilent,
    }))
  })

test('an engine that starts anew at any slice or end of an answer goes on as if it had never stopped', () => {
  fc.assert(
    fc.property(rules, answers, fc.nat(40), (rule, answered, at) => {
      const calls = callsOf(answered).map(loud)
      const { whole, started } = withAndWithoutStart(rule, calls, { at })
      expect(started.slice(at)).toEqual(whole.slice(at))
    }),
    { numRuns: 2_000 },
  )
})

test('an engine that gets slices and ends again, of which it had told, repeats and says nothing else', () => {
  fc.assert(
    fc.property(rules, answers, fc.nat(40), fc.nat(6), (rule, answered, at, again) => {
      const calls = callsOf(answered).map(loud)
      const writtenTo = at + again
      const { whole, started } = withAndWithoutStart(rule, calls, { at, writtenTo })
      const ids = new Set(whole.flat().map(({ id }) => id))
      expect(
        started
          .slice(0, writtenTo)
          .flat()
          .filter(({ id }) => !ids.has(id)),
      ).toEqual([])
      expect(started.slice(writtenTo)).toEqual(whole.slice(writtenTo))
    }),
    { numRuns: 2_000 },
  )
})

test('an engine that starts anew between two answers goes on as if it had never stopped', () => {
  fc.assert(
    fc.property(rules, answers, fc.nat(8), (rule, answered, number) => {
      const calls = callsOf(answered)
      const at = calls.findIndex((call) => call.number === number)
      if (at < 0) return
      const { whole, started } = withAndWithoutStart(rule, calls, { at })
      expect(started.slice(at)).toEqual(whole.slice(at))
    }),
    { numRuns: 2_000 },
  )
})

test('nothing ends that was not told to fire, and nothing fires twice without an end or a cancel in between', () => {
  fc.assert(
    fc.property(rules, answers, (rule, answered) => {
      const engine = engineOf(rule)
      const told = new Set<string>()
      for (const { give, isSilent = false } of callsOf(answered)) {
        for (const { kind, key, onsetMs, firingId } of give(engine, isSilent).transitions) {
          if (kind === 'happened') continue
          const name = `${key} ${onsetMs}`
          expect(told.has(name)).toBe(kind !== 'firing')
          expect(firingId === null).toBe(kind === 'firing')
          if (kind === 'cancelled') told.delete(name)
          else told.add(name)
        }
      }
    }),
    { numRuns: 2_000 },
  )
})
