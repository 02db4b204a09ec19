import { expect, test } from 'vitest'
import { declaredSeries } from '#core/alerts/declared-series.ts'
import { AlertEngine } from '#core/alerts/engine.ts'
import { type RuleVersion, ruleSchema } from '#core/alerts/rule.ts'
import { readBackOf } from './read-back.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs
const dataset = 'jao.core.maxExchanges'

const ruleOf = (when: object, rest: object = {}): RuleVersion => ({
  rule: ruleSchema.parse({ id: 'r', title: 't', owner: 'o', of: { dataset, key: '*' }, when, ...rest }),
  version: 1,
})

const above5 = { value: '>', than: 5 }
const ofTicks = { of: { dataset: 'kraken.ticker', key: '*' } }

test.each([
  // 16 minutes is how long a dataset may have brought nothing: a minute, and three steps of five minutes.
  ['ticks', 'kraken', [], 0, 16 * minuteMs],
  ['days that are published four days ahead, and a day late', 'jao', [], 0, 5 * dayMs + 16 * minuteMs],
  [
    'a window, and the time for which a condition holds',
    'kraken',
    [ruleOf({ ...above5, as: 'ratio', to: { window: 'P7D', of: 'avg' } }, { ...ofTicks, for: 'PT10M' })],
    7 * dayMs + 10 * minuteMs,
    7 * dayMs + 26 * minuteMs,
  ],
  ['values that are a month old', 'jao', [ruleOf(above5, { maxAge: 'P31D' })], 0, 35 * dayMs + 16 * minuteMs],
  ['values that are an hour old', 'jao', [ruleOf(above5, { maxAge: 'PT1H' })], 0, 5 * dayMs + 16 * minuteMs],
  ['ticks that are a day old', 'kraken', [ruleOf(above5, { ...ofTicks, maxAge: 'P1D' })], 0, dayMs + 16 * minuteMs],
  ['a rule of another source', 'kraken', [ruleOf(above5, { maxAge: 'P31D' })], 0, 16 * minuteMs],
  ['late windows', 'jao', [ruleOf({ becomes: 'late' }, { maxAge: 'P31D' })], 0, 5 * dayMs + 16 * minuteMs],
] as const)('a start reads back for %s', (_, source, versions, lookBackMs, readMs) => {
  expect(readBackOf(source, versions)).toEqual({ lookBackMs, readMs })
})

test('a revision of a value that is seven days old is told after a start, if the rule says so', () => {
  const version = ruleOf({ revision: '>', than: 1, ahead: false }, { maxAge: 'P31D' })
  const stepS = declaredSeries(dataset, 'k')?.steps.at(-1)?.stepS ?? 0
  const firstMs = Date.UTC(2026, 10, 21)
  const startedMs = firstMs + 7 * dayMs + 12 * hourMs
  /** A day, published at noon of the day before. */
  const day = (number: number, value: number, knownMs = firstMs + number * dayMs - 12 * hourMs) => ({
    ...{ startMs: firstMs + number * dayMs, stepS, values: Array.from({ length: (24 * 3_600) / stepS }, () => value) },
    ...{ knownMs, dueMs: firstMs + number * dayMs - 12 * hourMs, raw: { partition: 0, offset: number } },
    ...{ identity: number + 1, isSilent: false },
  })
  const engine = new AlertEngine([version], declaredSeries)
  const { readMs } = readBackOf('jao', [version])
  for (let number = 0; number < 9; number++) {
    const run = day(number, 10)
    if (run.knownMs >= startedMs - readMs) engine.take(dataset, 'k', { ...run, isSilent: true })
  }
  engine.resume(Number.NEGATIVE_INFINITY)
  const { transitions } = engine.take(dataset, 'k', day(0, 50, startedMs))
  expect(transitions).toMatchObject([{ kind: 'happened', onsetMs: firstMs, facts: { value: 50, reference: 10 } }])
})
