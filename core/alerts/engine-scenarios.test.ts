import { expect, test } from 'vitest'
import type { DeclaredStep } from '#sources/source.ts'
import { AlertEngine } from './engine.ts'
import { ruleSchema } from './rule.ts'

const minuteMs = 60_000
const fromMs = Date.parse('2026-11-28T10:00:00Z')
const minutes: DeclaredStep[] = [{ fromMs: 0, stepS: 60 }]
const quarters: DeclaredStep[] = [{ fromMs: 0, stepS: 900 }]

const versionOf = (partial: object) => ({
  rule: ruleSchema.parse({ id: 'r', title: 't', owner: 'o', of: { dataset: 'd' }, ...partial }),
  version: 1,
})

const engineOf = (steps: readonly DeclaredStep[], ...rules: object[]) =>
  new AlertEngine(rules.map(versionOf), (dataset, key) => ({ dataset, key, labels: {}, steps }))

let offset = 0

interface Points {
  key?: string
  atMs: number
  values: (number | null)[]
  stepS?: number
  knownMs?: number
  dueMs?: number | null
  isSilent?: boolean
}

/** Returns what is told, as kind, and minutes after the start of onset and end. */
function told(
  engine: AlertEngine,
  { key = 'k', atMs, values, stepS = 60, knownMs, dueMs = null, isSilent = false }: Points,
) {
  const run = { startMs: atMs, stepS, values, dueMs, isSilent, identity: 0, raw: { partition: 0, offset: offset++ } }
  const lastMs = atMs + (values.length - 1) * stepS * 1_000
  const { transitions } = engine.take('d', key, { ...run, knownMs: knownMs ?? lastMs + 1_000 })
  const minute = (ms: number | null) => (ms === null ? null : (ms - fromMs) / minuteMs)
  return transitions.map(({ kind, onsetMs, endsMs, facts }) => [kind, minute(onsetMs), minute(endsMs), facts.value])
}

/** One value a minute. */
const feed = (engine: AlertEngine, values: (number | null | undefined)[], from = 0) =>
  values.flatMap((value, at) =>
    value === undefined ? [] : told(engine, { atMs: fromMs + (from + at) * minuteMs, values: [value] }),
  )

const above = { when: { value: '>', than: 100 } }

// grafana#105571 and prometheus#14085: an alert whose series vanished was resolved.
test('a series that brings nulls, or nothing, keeps its alert; it resolves with the value that resolves it', () => {
  const engine = engineOf(minutes, above)
  expect(feed(engine, [50, 150, null, undefined, undefined, null, 150, 60])).toEqual([
    ['firing', 1, null, 150],
    ['resolved', 1, 7, 60],
  ])
})

// cloudflare/pint#966: with gaps in the data, `for` began anew and nothing ever fired.
test('a gap does not begin the waiting time anew', () => {
  const engine = engineOf(minutes, { ...above, for: 'PT5M', minShare: 0.5 })
  expect(feed(engine, [150, undefined, 150, null, undefined, 150])).toEqual([['firing', 0, null, 150]])
})

test('a waiting time of which too little was seen does not fire yet', () => {
  const engine = engineOf(minutes, { ...above, for: 'PT5M', minShare: 0.8 })
  // Four of five minutes are needed; the third point comes at minute 5, the fourth at minute 6.
  expect(feed(engine, [150, undefined, undefined, 150, undefined, 150, 150])).toEqual([['firing', 0, null, 150]])
})

// influxdata/kapacitor#1339: a restart of the process looked like a failure of what it watched.
test('a start that reads the past again tells nothing, and goes on', () => {
  const engine = engineOf(minutes, above)
  for (const [at, value] of [50, 150, 150].entries())
    expect(told(engine, { atMs: fromMs + at * minuteMs, values: [value], isSilent: true })).toEqual([])
  engine.resume(Number.NEGATIVE_INFINITY)
  expect(feed(engine, [150, 50], 3)).toEqual([
    ['firing', 1, null, 150],
    ['resolved', 1, 4, 50],
  ])
})

test('what was told to fire since before the points that can be read again fires on, and resolves once', () => {
  const episodes = [{ onsetMs: fromMs - minuteMs, firedMs: fromMs, endsMs: null, isSilent: false, firingId: 'first' }]
  const state = { ruleId: 'r', ruleVersion: 1, dataset: 'd', key: 'k', episodes, knownMs: fromMs }
  const engine = new AlertEngine([versionOf(above)], (dataset, key) => ({ dataset, key, labels: {}, steps: minutes }), [
    state,
  ])
  expect(told(engine, { atMs: fromMs + minuteMs, values: [150], isSilent: true })).toEqual([])
  engine.resume(fromMs + minuteMs)
  expect(feed(engine, [150, 50], 2)).toEqual([['resolved', -1, 3, 50]])
})

test('hysteresis: a rule that fires at 100 and clears at 80 does not flap between', () => {
  const engine = engineOf(minutes, { ...above, clearAt: 80 })
  expect(feed(engine, [90, 110, 90, 110, 85, 80, 90, 110])).toEqual([
    ['firing', 1, null, 110],
    ['resolved', 1, 5, 80],
    ['firing', 7, null, 110],
  ])
})

test('three of the newest five values', () => {
  const engine = engineOf(minutes, { ...above, times: { of: 5, atLeast: 3 } })
  expect(feed(engine, [150, 50, 150, 50, 150, 50, 50, 50])).toEqual([
    ['firing', 4, null, 150],
    ['resolved', 4, 5, 50],
  ])
})

test('a rule fires on for a while after its condition has ceased to hold', () => {
  const engine = engineOf(minutes, { ...above, keepFiringFor: 'PT2M' })
  expect(feed(engine, [150, 50, 150, 50, 50, 50, 50])).toEqual([
    ['firing', 0, null, 150],
    ['resolved', 0, 5, 50],
  ])
})

test('windows of no value, one value and two values', () => {
  const ratio = (window: string) => ({ when: { value: '>=', than: 2, as: 'ratio', to: { window, of: 'avg' } } })
  // A window of two minutes holds the one value strictly between; a lone value has nothing to be compared with.
  expect(feed(engineOf(minutes, ratio('PT2M')), [10, 20])).toEqual([['firing', 1, null, 20]])
  expect(feed(engineOf(minutes, ratio('PT3M')), [10, 20, 29, 49])).toEqual([['firing', 3, null, 49]])
})

test('an excursion that lies wholly ahead is one firing with its end; a revision moves or takes back what was told', () => {
  const engine = engineOf(quarters, { when: { value: '<', than: 900 } })
  const atMs = fromMs + 14 * 3_600_000
  const hour = (count: number) => (atMs - fromMs) / minuteMs + count * 15
  const publish = (values: number[], knownMs: number) => told(engine, { atMs, values, stepS: 900, knownMs })
  expect(publish([1_000, 800, 850, 1_000, 1_000], fromMs)).toEqual([['firing', hour(1), hour(3), 800]])
  expect(publish([1_000, 800, 850, 880, 1_000], fromMs + 1_000)).toEqual([['changed', hour(1), hour(4), 1_000]])
  expect(publish([1_000, 1_000, 1_000, 1_000, 700], fromMs + 2_000)).toEqual([
    ['firing', hour(4), null, 700],
    ['cancelled', hour(1), null, 1_000],
  ])
})

test('values that upstream publishes after delivery alert by their deadline, not by their age', () => {
  const rule = { when: { value: '<', than: 900 }, maxAge: 'PT1H' }
  const dueMs = fromMs + 36 * 3_600_000
  const run = { atMs: fromMs, values: [800, 1_000], stepS: 900 }
  expect(told(engineOf(quarters, rule), { ...run, dueMs, knownMs: dueMs + 1_800_000 })).toHaveLength(1)
  expect(told(engineOf(quarters, rule), { ...run, dueMs, knownMs: dueMs + 7_200_000 })).toEqual([])
  expect(told(engineOf(quarters, rule), { ...run, dueMs: null, knownMs: dueMs })).toEqual([])
})

test('a comparison with another series does not care which of both comes first', () => {
  const when = { value: '>', than: 10, as: 'difference', to: { dataset: 'd', key: 'other' } }
  for (const order of [
    ['k', 'other'],
    ['other', 'k'],
  ]) {
    const engine = engineOf(minutes, { of: { dataset: 'd', key: 'k' }, when })
    const values: Record<string, number> = { k: 120, other: 100 }
    const news = order.flatMap((key) => told(engine, { key, atMs: fromMs, values: [values[key] ?? 0] }))
    expect(news).toEqual([['firing', 0, null, 120]])
  }
})

test('a comparison with what was known a day before', () => {
  const when = { value: '<', than: -20, as: 'percent', to: { knownBefore: 'P1D' } }
  const engine = engineOf(quarters, { when })
  const atMs = fromMs + 3 * 86_400_000
  const publish = (value: number, knownMs: number) => told(engine, { atMs, values: [value], stepS: 900, knownMs })
  expect(publish(1_000, fromMs)).toEqual([])
  expect(publish(700, fromMs + 3_600_000)).toEqual([])
  expect(publish(790, fromMs + 88_200_000)).toHaveLength(1)
})

test('revisions of points that lie ahead, above the limit, are told by the largest of them', () => {
  const engine = engineOf(quarters, { when: { revision: '>=', than: 100 } })
  const atMs = fromMs + 3_600_000
  const publish = (values: (number | null)[], knownMs: number) => told(engine, { atMs, values, stepS: 900, knownMs })
  expect(publish([500, 500, 500, 500], fromMs)).toEqual([])
  expect(publish([599, 500, null, 500], fromMs + 1)).toEqual([])
  expect(publish([699, 390, 500, 500], fromMs + 2)).toEqual([['happened', 75, null, 390]])
  // The first quarter has begun and ended: only the others lie ahead.
  expect(publish([0, 390, 500, 500], atMs + 900_000)).toEqual([])
})

test('a hostile point far in the future pushes out nothing, and figures that are not numbers are nulls', () => {
  const engine = engineOf(minutes, above)
  expect(told(engine, { atMs: fromMs + 400 * 365 * 86_400_000, values: [1e308], knownMs: fromMs })).toEqual([])
  expect(feed(engine, [150])).toEqual([['firing', 0, null, 150]])
  expect(feed(engine, [Number.NaN, Number.POSITIVE_INFINITY, 50], 1)).toEqual([['resolved', 0, 3, 50]])
})

test.each([
  ['2026-03-29', 92],
  ['2026-10-25', 100],
])('the day %s of %d quarter hours is judged whole', (day, count) => {
  const engine = engineOf(quarters, { when: { value: '<', than: 900 } })
  const atMs = Temporal.ZonedDateTime.from(`${day}T00:00[Europe/Brussels]`).epochMilliseconds
  const values = Array.from({ length: count }, (_, at) => (at === count - 2 ? 800 : 1_000))
  const run = {
    startMs: atMs,
    stepS: 900,
    values,
    dueMs: null,
    isSilent: false,
    identity: 0,
    raw: { partition: 0, offset: 1 },
  }
  const { transitions } = engine.take('d', 'k', { ...run, knownMs: atMs - 43_200_000 })
  expect(transitions.map(({ onsetMs, endsMs }) => [onsetMs, endsMs])).toEqual([
    [atMs + (count - 2) * 900_000, atMs + (count - 1) * 900_000],
  ])
})
