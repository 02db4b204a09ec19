import { expect, test } from 'vitest'
import { compare } from './compare.ts'

const of = (value: number | null, count = 359) => ({ count, expected: 359, coverage: count / 359, value })

test('a value is compared by ratio, difference and percent', () => {
  expect(compare(150, of(50), 'ratio')).toEqual({ value: 3 })
  expect(compare(150, of(50), 'difference')).toEqual({ value: 100 })
  expect(compare(150, of(50), 'percent')).toEqual({ value: 200 })
  expect(compare(25, of(50), 'percent')).toEqual({ value: -50 })
  expect(compare(-30, of(-50), 'difference')).toEqual({ value: 20 })
  expect(compare(0, of(50), 'ratio')).toEqual({ value: 0 })
})

test.each([
  ['null-value', null, of(50), 'ratio'],
  ['no-samples', 1, of(null, 0), 'difference'],
  ['no-samples', 1, of(0, 0), 'difference'],
  ['coverage', 1, of(50, 287), 'ratio'],
  ['coverage', 1, of(50, 287), 'difference'],
  ['not-positive', 1, of(0), 'ratio'],
  ['not-positive', 1, of(-50), 'percent'],
  ['overflow', 1e12, of(1e-300), 'ratio'],
  ['reloading', 1, { undefined: 'reloading' }, 'ratio'],
  ['forgotten', null, { undefined: 'forgotten' }, 'difference'],
] as const)('a comparison that means nothing says %s', (reason, value, aggregate, kind) => {
  expect(compare(value, aggregate, kind)).toEqual({ undefined: reason })
})

test('288 of 359 steps are enough, and the least coverage can be chosen', () => {
  expect(compare(1, of(2, 288), 'ratio')).toEqual({ value: 0.5 })
  expect(compare(1, of(2, 100), 'ratio', 0.25)).toEqual({ value: 0.5 })
  expect(compare(1, of(2, 358), 'ratio', 1)).toEqual({ undefined: 'coverage' })
})
