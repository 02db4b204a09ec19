import { expect, test } from 'vitest'
import { ExactSum } from './exact-sum.ts'

function sumOf(values: readonly number[]): ExactSum {
  const sum = new ExactSum()
  for (const value of values) sum.add(value)
  return sum
}

test.each([
  [[], 0],
  [[0.1, 0.2, 0.3], 0.6],
  [[1e100, 1, -1e100], 1],
  [[1e12, 1e-9, -1e12], 1e-9],
  // The neighbours of 1e16 are 2 apart. 1 alone is rounded to the even one; the least bit more decides for the other.
  [[1e16, 1], 1e16],
  [[1e16, 1, 1e-16], 1e16 + 2],
  [[1e16, -1, -1e-16], 1e16 - 2],
  [[-1e16, -1, -1e-16], -1e16 - 2],
  [Array(10).fill(0.1), 1],
])('the sum of %s is the nearest double to the exact one', (values, expected) => {
  expect(sumOf(values).value).toBe(expected)
  expect(sumOf(values.toReversed()).value).toBe(expected)
})

test('a sum that returns to where it was has no trace of what came between', () => {
  const values = Array.from({ length: 200 }, (_, at) => (at % 2 ? 1 : -3) * 10 ** ((at % 40) - 20))
  const sum = sumOf([0.3])
  for (const value of values) sum.add(value)
  for (const value of values) sum.add(-value)
  expect(sum.value).toBe(0.3)
  sum.add(-0.3)
  expect(sum.value).toBe(0)
})

test('a product is added without rounding', () => {
  const sum = new ExactSum()
  // (2^27 + 1)^2 = 2^54 + 2^28 + 1 has one bit more than a double.
  sum.addProduct(2 ** 27 + 1, 2 ** 27 + 1)
  sum.add(-(2 ** 54))
  sum.add(-(2 ** 28))
  expect(sum.value).toBe(1)
})

test('written parts are the sum, the greatest first', () => {
  const target = new Float64Array(6)
  sumOf([1e12, 1e-9, 1e-30]).write(target, 1, 4)
  expect([...target]).toEqual([0, 1e12, 1e-9, 1e-30, 0, 0])
})

test('a deviation is right where the values differ in the last digits alone, or by 21 orders of magnitude', () => {
  const squares = new ExactSum()
  const spread = (values: number[]) => {
    squares.clear()
    for (const value of values) squares.addProduct(value, value)
    return sumOf(values).deviation(squares, values.length)
  }
  expect(spread([1e12 + 1 / 1024, 1e12 - 1 / 1024])).toBe(1 / 1024)
  expect(spread([2, 4, 4, 4, 5, 5, 7, 9])).toBe(2)
  expect(spread([1e12, -1e12])).toBe(1e12)
  expect(spread([3e-9, 1e-9])).toBeCloseTo(1e-9, 24)
  expect(spread([7, 7, 7])).toBe(0)
  expect(spread([0.1])).toBe(0)
})
