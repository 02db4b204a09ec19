import { expect, test } from 'vitest'
import { AlertEngine } from './engine.ts'
import { type Rule, ruleSchema } from './rule.ts'
import type { PointRun } from './series-points.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const startMs = Date.UTC(2026, 10, 28)
/** The day is published at noon of the day before. */
const publishedMs = startMs - 12 * hourMs
const identity = 7
const other = 8

const rule = (when: object, rest: object = {}): Rule =>
  ruleSchema.parse({ id: 'r', title: 't', owner: 'o', of: { dataset: 'd', key: '*' }, when, ...rest })

function engineOf(judged: Rule): AlertEngine {
  const steps = [{ fromMs: 0, stepS: 3_600 }]
  return new AlertEngine([{ rule: judged, version: 1 }], (dataset, key) => ({ dataset, key, labels: {}, steps }))
}

let offset = 0

const answer = (knownMs: number, partial: Partial<PointRun> = {}) => ({
  ...{ identity, knownMs, dueMs: publishedMs, raw: { partition: 0, offset: offset++ }, isSilent: false, ...partial },
})

const publish = (
  engine: AlertEngine,
  values: (number | null)[],
  knownMs: number,
  partial: Partial<PointRun> & { key?: string } = {},
) => {
  const { key = 'A', ...rest } = partial
  return engine.take('d', key, { startMs, stepS: 3_600, values, ...answer(knownMs), ...rest }).transitions
}

const hours = (value: number): number[] => Array.from({ length: 24 }, () => value)

test('a key that a newer answer no longer names is withdrawn: told once, with what was there', () => {
  const engine = engineOf(rule({ withdrawn: 'ahead' }))
  expect(publish(engine, [500, ...hours(300).slice(1)], publishedMs)).toEqual([])
  expect(publish(engine, hours(100), publishedMs, { key: 'B' })).toEqual([])
  const knownMs = publishedMs + hourMs
  expect(publish(engine, hours(101), knownMs, { key: 'B' })).toEqual([])
  const { transitions } = engine.withdraw('d', answer(knownMs))
  expect(transitions).toMatchObject([
    {
      ...{ kind: 'happened', key: 'A', onsetMs: startMs, endsMs: null },
      facts: { value: null, reference: 500, samples: 24, expected: 24, knownMs },
      detail: 'upstream took back 24 values, of which the first was 500',
    },
  ])
  // The same record comes again, and so does a newer answer without the key.
  expect(engine.withdraw('d', answer(knownMs)).transitions).toEqual([])
  publish(engine, hours(101), knownMs + hourMs, { key: 'B' })
  expect(engine.withdraw('d', answer(knownMs + hourMs)).transitions).toEqual([])
})

test('an alert whose values are withdrawn around an hour without a value is taken back, and does not fire in between', () => {
  const engine = engineOf(rule({ value: '>', than: 400 }))
  const fired = publish(engine, [500, null, 600, ...hours(300).slice(3)], publishedMs)
  expect(fired.map(({ kind, onsetMs }) => [kind, onsetMs])).toEqual([['firing', startMs]])
  const { transitions } = engine.withdraw('d', answer(publishedMs + hourMs))
  expect(transitions.map(({ kind, onsetMs }) => [kind, onsetMs])).toEqual([['cancelled', startMs]])
})

test('values that come back may be withdrawn again', () => {
  const engine = engineOf(rule({ withdrawn: 'ahead' }))
  publish(engine, [500], publishedMs)
  expect(engine.withdraw('d', answer(publishedMs + 1)).transitions).toHaveLength(1)
  expect(publish(engine, [500], publishedMs + 2)).toEqual([])
  expect(engine.withdraw('d', answer(publishedMs + 3)).transitions).toMatchObject([{ facts: { samples: 1 } }])
})

test('of values that lie in the past nothing is told, unless the rule says any', () => {
  // At 06:30 the hours from 06:00 on are not over: 18 of 24.
  const knownMs = startMs + 6.5 * hourMs
  for (const [withdrawn, samples, first] of [
    ['ahead', 18, 6],
    ['any', 24, 0],
  ] as const) {
    const engine = engineOf(rule({ withdrawn }))
    publish(engine, hours(1), publishedMs)
    expect(engine.withdraw('d', answer(knownMs)).transitions).toMatchObject([
      { onsetMs: startMs + first * hourMs, facts: { samples } },
    ])
  }
})

test('an answer withdraws what it no longer names of its own request, and nothing else', () => {
  const engine = engineOf(rule({ withdrawn: 'any' }))
  publish(engine, hours(1), publishedMs)
  expect(engine.withdraw('d', answer(publishedMs + 1, { identity: other })).transitions).toEqual([])
  expect(engine.withdraw('e', answer(publishedMs + 1)).transitions).toEqual([])
  // An answer that is older than the points, and one of which the identity is not known.
  expect(engine.withdraw('d', answer(publishedMs - 1)).transitions).toEqual([])
  publish(engine, hours(1), publishedMs, { key: 'old', identity: 0 })
  expect(engine.withdraw('d', answer(publishedMs + 1, { identity: 0 })).transitions).toEqual([])
  // The same values in an answer of another request: that one names them now.
  publish(engine, hours(1), publishedMs + 2, { identity: other })
  expect(engine.withdraw('d', answer(publishedMs + 3)).transitions).toEqual([])
  expect(engine.withdraw('d', answer(publishedMs + 4, { identity: other })).transitions).toHaveLength(1)
})

test('a gap between the values is one withdrawal, and a value that becomes null is one, too', () => {
  const engine = engineOf(rule({ withdrawn: 'ahead' }))
  publish(engine, [1, null, 3], publishedMs)
  expect(engine.withdraw('d', answer(publishedMs + 1)).transitions).toMatchObject([
    { facts: { samples: 2, reference: 1 } },
  ])
  const nulls = engineOf(rule({ withdrawn: 'ahead' }))
  publish(nulls, [1, 2, 3], publishedMs)
  expect(publish(nulls, [1, null, 4], publishedMs + 1)).toMatchObject([
    {
      ...{ onsetMs: startMs + hourMs, facts: { samples: 1, expected: 3, reference: 2 } },
      detail: 'upstream took back the value 2',
    },
  ])
})

test('a rule about revisions says nothing of withdrawals, and the other way round', () => {
  const revisions = engineOf(rule({ revision: '>=', than: 0 }))
  publish(revisions, [1, 2], publishedMs)
  expect(publish(revisions, [1, null], publishedMs + 1)).toEqual([])
  expect(revisions.withdraw('d', answer(publishedMs + 2)).transitions).toEqual([])
  const withdrawals = engineOf(rule({ withdrawn: 'any' }))
  publish(withdrawals, [1, 2], publishedMs)
  expect(publish(withdrawals, [9, 9], publishedMs + 1)).toEqual([])
})

test('what fired at a value that is withdrawn is taken back', () => {
  const engine = engineOf(rule({ value: '>', than: 100 }))
  expect(publish(engine, [50, 150, 60], publishedMs)).toMatchObject([{ kind: 'firing', onsetMs: startMs + hourMs }])
  const knownMs = publishedMs + hourMs
  expect(engine.withdraw('d', answer(knownMs)).transitions).toMatchObject([
    { kind: 'cancelled', onsetMs: startMs + hourMs, facts: { knownMs } },
  ])
})

test('a withdrawn value leaves the windows, also where it is older than what may alert', () => {
  const week = { window: 'P7D', of: 'sum' }
  const engine = engineOf(
    rule({ value: '<', than: -118.5, as: 'difference', to: week }, { minShare: 0.1, maxAge: 'P30D' }),
  )
  const firstMs = startMs - 6 * dayMs
  // 5 hours of 10, withdrawn below: of a request of its own.
  publish(engine, hours(10).slice(0, 5), firstMs, { startMs: firstMs, identity: other })
  for (let day = 1; day < 6; day++)
    publish(engine, hours(1), firstMs + day * dayMs, { startMs: firstMs + day * dayMs, dueMs: null, isSilent: true })
  // The sum before the first hour of the day: 5 * 10 + 5 * 24 * 1 = 170, or 120 when the 10s are gone.
  const isSilent = true
  engine.withdraw('d', answer(startMs - 1, { identity: other, isSilent }))
  expect(publish(engine, [1], startMs)).toMatchObject([
    { kind: 'firing', facts: { value: 1, reference: 120, compared: -119, samples: 120 } },
  ])
})

test('a silent answer corrects what is held, and tells nothing', () => {
  const engine = engineOf(rule({ withdrawn: 'any' }))
  publish(engine, hours(1), publishedMs)
  expect(engine.withdraw('d', answer(publishedMs + 1, { isSilent: true }))).toEqual({ transitions: [], states: [] })
  expect(engine.withdraw('d', answer(publishedMs + 2)).transitions).toEqual([])
})
