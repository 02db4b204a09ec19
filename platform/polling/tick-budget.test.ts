import { expect, test } from 'vitest'
import { overTickBudget, type TickLoad } from './tick-budget.ts'

const load = (count: number, perRequest: number, everyS: number, dataset = 'x.ticker'): TickLoad => ({
  dataset,
  subjects: { count, perRequest, setting: 'X_SYMBOLS' },
  everyS,
  everySetting: 'X_EVERY_S',
})

test('what fits exactly fits: 100 symbols at 20 a request every 5 s are 60 a minute', () => {
  expect(overTickBudget('api.x', 60, [load(100, 20, 5)])).toBeUndefined()
  expect(overTickBudget('api.x', 60, [{ ...load(1, 1, 1), subjects: null }])).toBeUndefined()
  expect(overTickBudget('api.x', 60, [])).toBeUndefined()
})

test('one symbol more is a request more: the sentence says what is wanted, allowed, and would do', () => {
  expect(overTickBudget('api.x', 60, [load(101, 20, 5)])).toBe(
    'api.x allows 60 requests a minute, configured are 72 (x.ticker 72): set X_EVERY_S to at least 6, or name fewer in X_SYMBOLS',
  )
  // With those 6 s it fits: 6 requests ten times a minute.
  expect(overTickBudget('api.x', 60, [load(101, 20, 6)])).toBeUndefined()
})

test('datasets of one host share its budget', () => {
  const both = [load(40, 1, 10), load(60, 1, 10, 'x.stats')]
  expect(overTickBudget('api.x', 560, both)).toBe(
    'api.x allows 560 requests a minute, configured are 600 (x.ticker 240, x.stats 360): set X_EVERY_S to at least 11, or name fewer in X_SYMBOLS',
  )
  expect(overTickBudget('api.x', 600, both)).toBeUndefined()
})
