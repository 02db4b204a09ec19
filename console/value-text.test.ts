import { expect, test } from 'vitest'
import { shortText, valueText } from './value-text.ts'

test('a figure has three significant digits, a value has all of its own, and a null is a word', () => {
  expect([12_345, 1.2345, 0.000_123_456, -0.5, 0].map(shortText)).toEqual(['12300', '1.23', '0.000123', '-0.5', '0'])
  expect([12_345.25, 0, null].map(valueText)).toEqual(['12345.25', '0', 'no value'])
})
