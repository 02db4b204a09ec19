import { expect, test } from 'vitest'
import { AlertEngine, type ToldState } from './engine.ts'
import { ruleSchema } from './rule.ts'
import type { PointRun } from './series-points.ts'

const stepMs = 10_000
const startMs = Date.UTC(2026, 9, 25)
const quarterMs = 900_000

const ruleOf = (partial: object) => ({
  rule: ruleSchema.parse({ id: 'r', title: 't', owner: 'o', of: { dataset: 'd', key: 'k' }, ...partial }),
  version: 1,
})

/** Series of the dataset `q` have a value a quarter of an hour, all others one every 10 s. */
const describe = (dataset: string, key: string) => ({
  ...{ dataset, key, labels: {} },
  steps: [{ fromMs: 0, stepS: dataset === 'q' ? 900 : 10 }],
})

const engineOf = (partial: object, told: Iterable<ToldState> = []) => new AlertEngine([ruleOf(partial)], describe, told)

let offset = 0
/** Points from the step `at` on, known 50 ms after the last of them, if nothing else is said. */
function points(at: number, values: (number | null)[], partial: Partial<PointRun> = {}): PointRun {
  const run = { startMs: startMs + at * stepMs, stepS: 10, values, dueMs: null, isSilent: false }
  const knownMs = run.startMs + (values.length - 1) * stepMs + 50
  return { ...run, knownMs, identity: 0, raw: { partition: 0, offset: offset++ }, ...partial }
}

/** Gives the engine the runs, and returns what it tells: the kind, and onset and end in steps after the start. */
function told(engine: AlertEngine, runs: readonly PointRun[], key = 'k', dataset = 'd') {
  const stepOf = (ms: number) => (ms - startMs) / stepMs
  return runs.flatMap((run) =>
    engine
      .take(dataset, key, run)
      .transitions.map(({ kind, onsetMs, endsMs }) => [kind, stepOf(onsetMs), endsMs === null ? null : stepOf(endsMs)]),
  )
}

const singly = (values: readonly (number | null)[], from = 0) =>
  values.map((value, index) => points(from + index, [value]))

test('grafana#105571: a series that goes missing while its rule fires resolves nothing', () => {
  const engine = engineOf({ when: { value: '>', than: 5 } })
  expect(told(engine, singly([1, 9]))).toEqual([['firing', 1, null]])
  expect(told(engine, singly(Array(20).fill(null), 2))).toEqual([])
  // 100 steps without any point, and the value is as high as before: nothing is new.
  expect(told(engine, singly([9, 9], 122))).toEqual([])
  expect(told(engine, singly([1], 124))).toEqual([['resolved', 1, 124]])
})

test('prometheus#14085: what vanishes and comes back while it fires is one alert, not three', () => {
  const engine = engineOf({ when: { value: '>', than: 5 } })
  const runs = [...singly([9, 9]), ...singly([9], 5), ...singly([null, null], 6), ...singly([9, 1], 12)]
  expect(told(engine, runs)).toEqual([
    ['firing', 0, null],
    ['resolved', 0, 13],
  ])
})

test('pint#966: gaps in the points do not begin `for` anew', () => {
  // Of five minutes every third point is missing, and the share that is needed is half of them.
  const engine = engineOf({ when: { value: '>', than: 5 }, for: 'PT5M', minShare: 0.5 })
  const values = Array.from({ length: 31 }, (_, at) => (at % 3 === 2 ? null : 9))
  expect(told(engine, singly(values))).toEqual([['firing', 0, null]])
})

test('kapacitor#1339: silence alone never alerts, and neither does what comes after it', () => {
  const engine = engineOf({ when: { value: '<', than: 5 } })
  expect(told(engine, [...singly([9, 9]), ...singly([9, 9], 500), ...singly([null], 502)])).toEqual([])
})

test('hysteresis: a rule that fires goes on until the value passes the other threshold', () => {
  const engine = engineOf({ when: { value: '>', than: 100 }, clearAt: 80 })
  // 80 itself is not above 80.
  expect(told(engine, singly([90, 101, 90, 81, 99, 80, 90, 101]))).toEqual([
    ['firing', 1, null],
    ['resolved', 1, 5],
    ['firing', 7, null],
  ])
})

const belowOther = { value: '<', than: 0, as: 'difference', to: { dataset: 'd', key: 'other' } }

test.each([
  ['before', ['other', 'k']],
  ['after', ['k', 'other']],
] as const)(
  'a series that is compared with another one alerts whether the other value comes %s its own',
  (_, order) => {
    const engine = engineOf({ when: belowOther })
    const values = { k: [3, 3, 3], other: [2, 4, 2] }
    const said = [0, 1, 2].flatMap((at) =>
      order.flatMap((key) => told(engine, singly([values[key][at] as number], at), key)),
    )
    expect(said).toEqual([
      ['firing', 1, null],
      ['resolved', 1, 2],
    ])
  },
)

test('another series that no rule is about is held for as long as the points that are compared with it', () => {
  const engine = engineOf({ when: belowOther, maxAge: 'PT1H' })
  expect(engine.isWatched('d', 'other')).toBe(true)
  expect(told(engine, singly(Array(300).fill(5)), 'other')).toEqual([])
  // These points are 50 minutes old, and the rule allows an hour.
  expect(told(engine, [points(0, [3, 9], { knownMs: startMs + 3_000_000 })])).toEqual([['firing', 0, 1]])
})

test('a value is compared with what was known of it an hour before', () => {
  const known = (value: number, minutes: number) =>
    points(0, [value], { startMs: startMs + 86_400_000, stepS: 900, knownMs: startMs + minutes * 60_000 })
  const engine = new AlertEngine(
    [
      ruleOf({
        of: { dataset: 'q', key: 'k' },
        when: { value: '<', than: -100, as: 'difference', to: { knownBefore: 'PT1H' } },
      }),
    ],
    describe,
  )
  const kinds = [known(500, 0), known(450, 30), known(380, 90), known(379, 151)].map((run) =>
    engine.take('q', 'k', run).transitions.map(({ kind, facts }) => [kind, facts.reference]),
  )
  // 380 at 90 min is 70 below the 450 of 30 min; 379 at 151 min is 1 below the 380 of 90 min.
  expect(kinds).toEqual([[], [], [], []])
  const other = new AlertEngine(
    [
      ruleOf({
        of: { dataset: 'q', key: 'k' },
        when: { value: '<', than: -100, as: 'difference', to: { knownBefore: 'PT1H' } },
      }),
    ],
    describe,
  )
  // 380 at 89 min: an hour before, at 29 min, 500 was known. That is 120 more.
  const news = [known(500, 0), known(450, 30), known(380, 89), known(378, 150)].map((run) =>
    other.take('q', 'k', run).transitions.map(({ kind, facts }) => [kind, facts.reference]),
  )
  expect(news).toEqual([[], [], [['firing', 500]], [['cancelled', 380]]])
})

const ahead = { of: { dataset: 'q', key: 'k' }, when: { value: '>', than: 500 } }

function dayAhead(first: number, values: readonly number[], knownMs: number): PointRun {
  return { ...points(0, [...values]), startMs: first, stepS: 900, knownMs, dueMs: first }
}

test('an excursion that lies ahead as a whole is one firing with its end; revisions change and cancel it', () => {
  const engine = new AlertEngine([ruleOf(ahead)], describe)
  const day = Array(96).fill(100)
  const first = startMs + 86_400_000
  const revised = (changes: Record<number, number>) => day.map((value, at) => changes[at] ?? value)
  const said = [
    revised({ 40: 600, 41: 700, 42: 600 }),
    revised({ 40: 600, 41: 700, 42: 600, 43: 501 }),
    revised({ 10: 900 }),
  ].map((values, hour) =>
    engine
      .take('q', 'k', dayAhead(first, values, startMs + hour * 3_600_000))
      .transitions.map(({ kind, onsetMs, endsMs, facts }) => [
        kind,
        (onsetMs - first) / quarterMs,
        endsMs === null ? null : (endsMs - first) / quarterMs,
        facts.value,
      ]),
  )
  expect(said).toEqual([
    [['firing', 40, 43, 600]],
    [['changed', 40, 44, 100]],
    [
      ['firing', 10, 11, 900],
      ['cancelled', 40, null, 100],
    ],
  ])
})

test.each([
  [92, '2026-03-28T23:00:00Z'],
  [100, '2026-10-24T22:00:00Z'],
])('a day of %i quarter hours is one run, and the days beside it follow on', (quarters, begins) => {
  const engine = new AlertEngine([ruleOf({ ...ahead, keepFiringFor: 'PT15M' })], describe)
  const first = Date.parse(begins)
  const said = [
    [first - 86_400_000, 96],
    [first, quarters],
    [first + quarters * quarterMs, 96],
  ].flatMap(([from, count]) => {
    // The last quarter of a day and the first one of the next are above.
    const values = Array.from({ length: count as number }, (_, at) =>
      at === 0 || at === (count as number) - 1 ? 501 : 1,
    )
    return engine
      .take('q', 'k', dayAhead(from as number, values, (from as number) - 43_200_000))
      .transitions.map(({ kind, onsetMs, endsMs }) => [
        kind,
        (onsetMs - first) / quarterMs,
        endsMs === null ? null : (endsMs - first) / quarterMs,
      ])
  })
  expect(said).toEqual([
    ['firing', -96, -94],
    ['firing', -1, null],
    ['resolved', -1, 2],
    ['firing', quarters - 1, null],
    ['resolved', quarters - 1, quarters + 2],
    ['firing', quarters + 95, null],
  ])
})

test('a point far in the future is passed over, and those of the present alert as before', () => {
  const engine = engineOf({ when: { value: '>', than: 5 } })
  for (const aheadMs of [3_590_000, 86_400_000, 10 * 365 * 86_400_000]) {
    const hostile = points(0, [9], { startMs: startMs + 10_000 + aheadMs, knownMs: startMs + 50 })
    expect(told(engine, [hostile])).toEqual([])
  }
  expect(told(engine, singly([1, 9, 1], 2))).toEqual([
    ['firing', 3, null],
    ['resolved', 3, 4],
  ])
})

test('a clock that is a minute fast pushes out nothing', () => {
  const engine = engineOf({ when: { value: '>', than: 5 } })
  expect(told(engine, [points(6, [1], { knownMs: startMs + 50 })])).toEqual([])
  // For as long as nobody knows what comes between, the excursion ends at the point that is ahead.
  expect(told(engine, singly([9, 1]))).toEqual([
    ['firing', 0, 6],
    ['changed', 0, 1],
  ])
})

test('values that are not finite are no values, and the greatest doubles are compared', () => {
  const engine = engineOf({ when: { value: '>', than: 1e307 } })
  const odd = [1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e308, 1]
  expect(told(engine, singly(odd))).toEqual([
    ['firing', 4, null],
    ['resolved', 4, 5],
  ])
  const ratio = engineOf({
    when: { value: '>', than: 3, as: 'ratio', to: { window: 'PT1M', of: 'sum' } },
    minShare: 0.1,
  })
  // 1e308 is more than a sum may hold: nobody knows the ratio while it lies in the window.
  expect(told(ratio, singly([1, 1e308, 1e308, 1, 1, 1, 1, 9_000_000]))).toEqual([
    ['firing', 1, null],
    ['resolved', 1, 3],
    ['firing', 7, null],
  ])
})

test('the numbers of a firing are those of the point that fired', () => {
  const engine = engineOf({ when: { value: '>', than: 5 }, keepFiringFor: 'PT1M' })
  const { transitions } = engine.take('d', 'k', points(0, [1, 9, 2, null]))
  expect(transitions.map(({ kind, endsMs, facts }) => [kind, endsMs, facts.atMs, facts.value])).toEqual([
    ['firing', null, startMs + stepMs, 9],
  ])
})

test('a window of seven days on points of 10 s alerts', () => {
  const engine = engineOf({ when: { value: '>', than: 3, as: 'ratio', to: { window: 'P7D', of: 'avg' } } })
  const week = Array(60_480).fill(10)
  expect(told(engine, [points(0, week), points(60_480, [31])])).toEqual([['firing', 60_480, null]])
})

test.each([
  ['a day', 'P1D'],
  ['a month', 'P31D'],
])('a rule whose points may be %s old has windows', (_, maxAge) => {
  const when = { value: '>', than: 3, as: 'ratio', to: { window: 'PT1M', of: 'avg' } }
  const engine = engineOf({ when, maxAge })
  expect(told(engine, singly([10, 10, 10, 10, 10, 31]))).toEqual([['firing', 5, null]])
})

test('values of months and years ahead alert, also where other series of the rule have windows', () => {
  const monthMs = 30 * 86_400_000
  const steps = [{ fromMs: 0, stepS: monthMs / 1_000 }]
  const monthly = (partial: object) =>
    new AlertEngine([ruleOf({ of: { dataset: '*' }, ...partial })], (dataset, key) => ({
      dataset,
      key,
      labels: {},
      steps,
    }))
  const first = Math.ceil(startMs / monthMs) * monthMs
  const run = {
    ...points(0, [600]),
    startMs: first,
    stepS: monthMs / 1_000,
    knownMs: first - 10 * 86_400_000,
    dueMs: first,
  }
  const plain = monthly({ when: { value: '>', than: 500 } }).take('m', 'k', run)
  expect(plain.transitions.map(({ kind }) => kind)).toEqual(['firing'])
  const windowed = monthly({ when: { value: '>', than: 1, as: 'difference', to: { window: 'PT1H', of: 'avg' } } })
  expect(windowed.take('m', 'k', run).transitions).toEqual([])
})

test('what a rule remembers is bounded, also where every second point is missing', () => {
  const engine = engineOf({ when: { value: '>', than: 5 } })
  let episodes = 0
  for (let at = 1; at < 4_000; at += 2) {
    const { states } = engine.take('d', 'k', points(at, [at % 4 === 1 ? 9 : 1]))
    episodes = Math.max(episodes, states[0]?.episodes.length ?? 0)
  }
  expect(episodes).toBeLessThan(30)
})

const revised = (when: object) => ({ of: { dataset: 'q', key: 'k' }, when: { revision: '>', than: 100, ...when } })

test.each([
  ['ahead alone', {}, [['happened', 700]]],
  ['also of the past', { ahead: false }, [['happened', 900]]],
])('a revision is told once, by its greatest change: %s', (_, when, expected) => {
  const engine = new AlertEngine([ruleOf(revised(when))], describe)
  const first = startMs
  engine.take('q', 'k', dayAhead(first, [100, 100, 100, 100], startMs - 3_600_000))
  // Half an hour later the first two quarters are over.
  const { transitions } = engine.take('q', 'k', dayAhead(first, [900, 100, 250, 700], startMs + 2 * quarterMs))
  expect(transitions.map(({ kind, facts }) => [kind, facts.value])).toEqual(expected)
  const again = engine.take('q', 'k', dayAhead(first, [900, 100, 250, 700], startMs + 2 * quarterMs + 1))
  expect(again.transitions).toEqual([])
})

test('points that a condition cannot judge are counted: too few samples, and a ratio to nothing', () => {
  const rule = { value: '>', than: 3, as: 'ratio', to: { window: 'PT1M', of: 'avg' } }
  const of = (values: (number | null)[], isSilent = false): number => {
    const judged = ruleSchema.parse({ id: 'r', title: 't', owner: 'o', of: { dataset: 'd', key: 'k' }, when: rule })
    const steps = [{ fromMs: 0, stepS: 10 }]
    const engine = new AlertEngine([{ rule: judged, version: 1 }], (dataset, key) => ({
      dataset,
      key,
      labels: {},
      steps,
    }))
    const startMs = Date.UTC(2026, 10, 1)
    for (const [at, value] of values.entries())
      engine.take('d', 'k', {
        ...{ startMs: startMs + at * 10_000, stepS: 10, values: [value], knownMs: startMs + at * 10_000, dueMs: null },
        ...{ raw: { partition: 0, offset: at }, identity: 0, isSilent },
      })
    return engine.undefinedPoints
  }
  // A window of a minute has five steps between its ends, of which four must be there.
  expect(of([1, 1, 1, 1, 1, 1])).toBe(4)
  expect(of([1, 1, 1, 1, null, null, 1])).toBe(5)
  expect(of([0, 0, 0, 0, 0, 0])).toBe(6)
  expect(of([1, 1, 1], true)).toBe(0)
})

test('what silent points made fire is silent no longer once an answer has undone it, or when it was told', () => {
  const rule = { when: { value: '>', than: 5 }, for: 'PT10S' }
  const silent = { isSilent: true }
  const undone = [
    points(0, [9, 9, 1], silent),
    points(1, [null, null], { knownMs: startMs + 60_000 }),
    points(3, [9, 1]),
  ]
  expect(told(engineOf(rule), undone)).toEqual([['firing', 0, 4]])
  const episode = { onsetMs: startMs, firedMs: startMs + stepMs, endsMs: null, isSilent: false, firingId: 'first' }
  const state = { ruleId: 'r', ruleVersion: 1, dataset: 'd', key: 'k', episodes: [episode], knownMs: startMs + stepMs }
  const again = [points(0, [9, 9], silent), points(1, [null, 9, 1], { knownMs: startMs + 60_000 })]
  expect(told(engineOf(rule, [state]), again)).toEqual([['resolved', 0, 3]])
})
