import fc from 'fast-check'
import { expect, test } from 'vitest'
import { countValue, decimalValue } from './decimal.ts'

test('decimal texts become the nearest Float64', () => {
  expect(decimalValue('27712.10000')).toBe(27712.1)
  expect(decimalValue('0.00000945')).toBe(9.45e-6)
  expect(decimalValue('-0.5')).toBe(-0.5)
  expect(decimalValue('0.1000000000000000055511151231257827')).toBe(undefined)
  expect(decimalValue('9007199254740993')).toBe(9_007_199_254_740_992)
  expect(Object.is(decimalValue('-0.000'), 0)).toBe(true)
})

test('whatever else Number would take is none', () => {
  const no = [
    '',
    ' ',
    ' 1',
    '1 ',
    'NaN',
    'Infinity',
    '0x10',
    '1e5',
    '1e999',
    '.5',
    '5.',
    '+1',
    '01',
    '1,5',
    '1_000',
    '--1',
    '１',
  ]
  for (const text of no) expect(decimalValue(text), text).toBeUndefined()
  for (const value of [1, null, undefined, true, [], ['1'], {}, `${'9'.repeat(400)}`]) {
    expect(decimalValue(value)).toBeUndefined()
  }
})

test('every number of up to 30 digits keeps its value', () => {
  const whole = fc.bigInt(0n, 10n ** 20n).map(String)
  const part = fc.stringMatching(/^[0-9]{1,20}$/)
  fc.assert(
    fc.property(whole, part, fc.boolean(), (a, b, negative) => {
      const text = `${negative ? '-' : ''}${a}.${b}`
      expect(decimalValue(text)).toBe(Number.parseFloat(text) + 0)
    }),
  )
})

test('counts are whole numbers, not texts', () => {
  expect([countValue(448721), countValue(0)]).toEqual([448721, 0])
  for (const value of ['1', 1.5, -1, 2 ** 53, Number.POSITIVE_INFINITY, null]) expect(countValue(value)).toBeUndefined()
})
