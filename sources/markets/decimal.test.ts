import fc from 'fast-check'
import { expect, test } from 'vitest'
import { countValue, decimalValue, figureOf } from './decimal.ts'

test('decimal texts become the nearest Float64', () => {
  expect(decimalValue('27712.10000')).toBe(27712.1)
  expect(decimalValue('0.00000945')).toBe(9.45e-6)
  expect(decimalValue('-0.5')).toBe(-0.5)
  expect(decimalValue('0.1000000000000000055511151231257827')).toBe(undefined)
  expect(decimalValue('9007199254740993')).toBe(9_007_199_254_740_992)
  expect(Object.is(decimalValue('-0.000'), 0)).toBe(true)
})

test('with an exponent, too, and numbers as JSON has them', () => {
  expect(['-1E-05', '3.7222581473E7', '1e5', '1E+2', '0E-8'].map(decimalValue)).toEqual([
    ...[-0.00001, 37_222_581.473, 100_000, 100, 0],
  ])
  expect(decimalValue('4.9e-324')).toBe(5e-324)
  expect([decimalValue(90_000.1), decimalValue(-0), countValue('448721')]).toEqual([90_000.1, 0, 448_721])
  for (const beyond of ['1e999', '-1e400', '1e-999', '0.1e-330', Infinity, -Infinity, NaN])
    expect(decimalValue(beyond), `${beyond}`).toBeUndefined()
})

test('a figure is a value or a null; an empty text is an unreadable one', () => {
  expect(figureOf('1.5')).toEqual({ value: 1.5, flags: [] })
  expect(figureOf(null)).toEqual({ value: null, flags: [] })
  for (const blank of ['', ' ', '\t\u00a0'])
    expect([figureOf(blank), figureOf(blank, countValue)]).toEqual(
      new Array(2).fill({ value: null, flags: ['unreadable'] }),
    )
  for (const bad of ['NaN', 'x', true, [], {}, undefined]) expect(figureOf(bad)).toBeUndefined()
})

test('other texts that Number accepts are refused', () => {
  const no = [
    '',
    ' ',
    ' 1',
    '1 ',
    'NaN',
    'Infinity',
    '0x10',
    '1e',
    'e5',
    '1e5.5',
    '1e1000',
    '.5',
    '5.',
    '+1',
    '01',
    '1,5',
    '1,234.5',
    '-Infinity',
    '1_000',
    '--1',
    '１',
  ]
  for (const text of no) expect(decimalValue(text), text).toBeUndefined()
  for (const value of [null, undefined, true, [], ['1'], {}, `${'9'.repeat(400)}`]) {
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

test('counts are whole numbers', () => {
  expect([countValue(448721), countValue(0)]).toEqual([448721, 0])
  for (const value of ['01', '1.0', '', '1e3', 1.5, -1, 2 ** 53, Number.POSITIVE_INFINITY, null])
    expect(countValue(value)).toBeUndefined()
})
