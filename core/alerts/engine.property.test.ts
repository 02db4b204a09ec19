import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ruleModel, type Said } from '../../test/support/rule-model.ts'
import { AlertEngine, type EngineOutcome, type ToldState } from './engine.ts'
import { type Rule, ruleSchema } from './rule.ts'
import type { PointRun } from './series-points.ts'

const stepMs = 10_000
const fromMs = Date.UTC(2026, 9, 25)
const steps = [{ fromMs: 0, stepS: 10 }]

/** Runs of points: mostly the next one, sometimes late, repeated, revised, null, or several at once. */
const stream = fc.array(
  fc.record({
    back: fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.nat(8) }),
    skip: fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(3) }),
    values: fc.array(fc.oneof(fc.constant(null), fc.integer({ min: 1, max: 9 })), { minLength: 1, maxLength: 4 }),
    isSilent: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  }),
  { minLength: 1, maxLength: 40 },
)

const condition = fc.oneof(
  fc.record({ value: fc.constantFrom('>', '>=', '<', '<='), than: fc.integer({ min: 2, max: 8 }) }),
  fc.record({
    value: fc.constantFrom('>', '<'),
    than: fc.constantFrom(0.5, 1, 1.5),
    as: fc.constant('ratio'),
    to: fc.record({ window: fc.constantFrom('PT1M', 'PT2M'), of: fc.constantFrom('avg', 'max', 'sum') }),
  }),
)

const ruleOf = (partial: object): Rule =>
  ruleSchema.parse({
    id: 'r',
    title: 't',
    owner: 'o',
    of: { dataset: 'd', key: 'k' },
    maxAge: 'PT1H',
    minShare: 0.5,
    ...partial,
  })

const rules = fc
  .record(
    {
      when: fc.oneof(
        condition,
        fc.record({ all: fc.array(condition, { minLength: 1, maxLength: 2 }) }),
        fc.record({ any: fc.array(condition, { minLength: 1, maxLength: 2 }) }),
      ),
      for: fc.constantFrom('PT10S', 'PT30S'),
      keepFiringFor: fc.constantFrom('PT10S', 'PT40S'),
      times: fc.constantFrom({ of: 3, atLeast: 2 }, { of: 5, atLeast: 1 }, { of: 31, atLeast: 4 }),
      clearAt: fc.integer({ min: 2, max: 8 }),
    },
    { requiredKeys: ['when'] },
  )
  .map(({ clearAt, ...rest }) => {
    const when = rest.when as { value?: string; than?: number }
    if (clearAt === undefined || when.value === undefined || when.than === undefined) return ruleOf(rest)
    const limit = when.value.startsWith('>') ? Math.min(clearAt, when.than) : Math.max(clearAt, when.than)
    return ruleOf({ ...rest, clearAt: limit })
  })

interface StreamedRun {
  back: number
  skip: number
  values: (number | null)[]
  isSilent: boolean
}

/** Returns the runs as they arrive: their first cell, and what the engine takes. */
function arrivals(runs: readonly StreamedRun[]) {
  let next = 0
  return runs.map(({ back, skip, values, isSilent }, offset) => {
    const first = Math.max(0, next + skip - back)
    next = Math.max(next, first + values.length)
    const knownMs = fromMs + (next + offset) * stepMs
    const run = { startMs: fromMs + first * stepMs, stepS: 10, values, knownMs, dueMs: null, isSilent }
    return { first, run: { ...run, identity: 0, raw: { partition: 0, offset } } }
  })
}

const engineOf = (rule: Rule, told: Iterable<ToldState> = []) =>
  new AlertEngine([{ rule, version: 1 }], (dataset, key) => ({ dataset, key, labels: {}, steps }), told)

const cellOf = (ms: number) => Math.round((ms - fromMs) / stepMs)
const said = ({ transitions }: EngineOutcome): Said[] =>
  transitions
    .map(({ kind, onsetMs, endsMs }): Said => [kind, cellOf(onsetMs), endsMs === null ? null : cellOf(endsMs)])
    .toSorted()

test('whatever comes late, twice, revised or not at all, what is told is what a computation from scratch says', () => {
  fc.assert(
    fc.property(rules, stream, (rule, runs) => {
      const expected = ruleModel(rule, stepMs)
      const engine = engineOf(rule)
      for (const { first, run } of arrivals(runs)) {
        const points = run.values.map((value, index) => ({ at: first + index, value }))
        expect(said(engine.take('d', 'k', run))).toEqual(expected(points, run.isSilent).toSorted())
      }
    }),
    { numRuns: 3_000 },
  )
})

test('an engine that starts anew at any record goes on as if it had never stopped', () => {
  fc.assert(
    fc.property(rules, stream, fc.nat(39), (rule, runs, at) => {
      const arrived = arrivals(runs)
      const engine = engineOf(rule)
      let told: ToldState | undefined
      const whole = arrived.map(({ run }, index) => {
        const outcome = engine.take('d', 'k', run)
        if (index < at) told = outcome.states.at(-1) ?? told
        return outcome
      })
      const other = engineOf(rule, told ? [told] : [])
      for (const [index, { run }] of arrived.entries()) {
        const outcome = other.take('d', 'k', { ...run, isSilent: run.isSilent || index < at })
        if (index >= at) expect(outcome.transitions).toEqual(whole[index]?.transitions)
      }
    }),
    { numRuns: 3_000 },
  )
})

test('an engine that gets records again, which it had told of before it died, repeats and says nothing else', () => {
  fc.assert(
    fc.property(rules, stream, fc.nat(39), fc.nat(5), (rule, runs, at, again) => {
      const arrived = arrivals(runs)
      const engine = engineOf(rule)
      let told: ToldState | undefined
      const whole = arrived.map(({ run }, index) => {
        const outcome = engine.take('d', 'k', run)
        // The states of these records were written. Their offset was not committed.
        if (index < at + again) told = outcome.states.at(-1) ?? told
        return outcome.transitions
      })
      const ids = new Set(whole.flat().map(({ id }) => id))
      const other = engineOf(rule, told ? [told] : [])
      for (const [index, { run }] of arrived.entries()) {
        const { transitions } = other.take('d', 'k', { ...run, isSilent: run.isSilent || index < at })
        if (index < at + again) expect(transitions.filter(({ id }) => !ids.has(id))).toEqual([])
        else expect(transitions).toEqual(whole[index])
      }
    }),
    { numRuns: 3_000 },
  )
})

/** Many rules on one series: most share a number that they compare, and the thresholds lie close together. */
const ruleSets = fc
  .tuple(fc.array(rules, { minLength: 2, maxLength: 5 }), fc.array(condition, { minLength: 2, maxLength: 12 }))
  .map(([various, plain]) =>
    [...various, ...plain.map((when) => ruleOf({ when }))].map((rule, at) => ({ ...rule, id: `r${at}` })),
  )

test('of several rules on one series, each tells what it would tell alone', () => {
  fc.assert(
    fc.property(ruleSets, stream, (set, runs) => {
      const versions = set.map((rule) => ({ rule, version: 1 }))
      const describe = (dataset: string, key: string) => ({ dataset, key, labels: {}, steps })
      const together = new AlertEngine(versions, describe)
      const models = set.map((rule) => ({ id: rule.id, expected: ruleModel(rule, stepMs) }))
      for (const { first, run } of arrivals(runs)) {
        const points = run.values.map((value, index) => ({ at: first + index, value }))
        const { transitions } = together.take('d', 'k', run)
        for (const { id, expected } of models) {
          const own = transitions.filter(({ rule }) => rule.rule.id === id)
          expect(said({ transitions: own, states: [] })).toEqual(expected(points, run.isSilent).toSorted())
        }
      }
    }),
    { numRuns: 400 },
  )
})

/** What is told in the end of each excursion, whatever was told in between. */
function outcomeOf(engine: AlertEngine, runs: readonly PointRun[]): Said[] {
  const open = new Map<number, Said>()
  for (const run of runs) {
    for (const [kind, onset, ends] of said(engine.take('d', 'k', run))) {
      if (kind === 'cancelled') open.delete(onset)
      else open.set(onset, ['told', onset, ends])
    }
  }
  return [...open.values()].toSorted((one, other) => one[1] - other[1])
}

test('points that come one by one end in what is told of them as a batch', () => {
  fc.assert(
    fc.property(rules, stream, (rule, runs) => {
      const batches = arrivals(runs.map((run) => ({ ...run, isSilent: false }))).map(({ run }) => run)
      const single = batches.flatMap((run) =>
        run.values.map((value, at) => ({ ...run, startMs: run.startMs + at * stepMs, values: [value] })),
      )
      expect(outcomeOf(engineOf(rule), single)).toEqual(outcomeOf(engineOf(rule), batches))
    }),
    { numRuns: 1_500 },
  )
})

test('a series that is compared with another one tells in the end the same, whichever came first', () => {
  const pairs = fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 }), fc.boolean()), {
    minLength: 1,
    maxLength: 30,
  })
  const when = { value: '>', than: 0, as: 'difference', to: { dataset: 'd', key: 'other' } }
  fc.assert(
    fc.property(pairs, fc.constantFrom({}, { for: 'PT20S' }, { times: { of: 3, atLeast: 2 } }), (points, partial) => {
      const engine = engineOf(ruleOf({ when, ...partial }))
      const inOrder = engineOf(ruleOf({ when, ...partial }))
      const last = new Map<number, Said>()
      const expected = new Map<number, Said>()
      const note = (into: Map<number, Said>, outcome: EngineOutcome) => {
        for (const [kind, onset, ends] of said(outcome))
          if (kind === 'cancelled') into.delete(onset)
          else into.set(onset, ['told', onset, ends])
      }
      for (const [at, [own, other, isOtherFirst]] of points.entries()) {
        const run = (value: number) => ({
          ...{ startMs: fromMs + at * stepMs, stepS: 10, values: [value], knownMs: fromMs + at * stepMs },
          ...{ dueMs: null, isSilent: false, identity: 0, raw: { partition: 0, offset: at } },
        })
        const both = [() => engine.take('d', 'k', run(own)), () => engine.take('d', 'other', run(other))]
        for (const take of isOtherFirst ? both.toReversed() : both) note(last, take())
        note(expected, inOrder.take('d', 'other', run(other)))
        note(expected, inOrder.take('d', 'k', run(own)))
      }
      expect([...last.values()]).toEqual([...expected.values()])
    }),
    { numRuns: 500 },
  )
})
