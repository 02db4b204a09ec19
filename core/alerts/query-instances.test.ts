import { expect, test } from 'vitest'
import { readInstances } from './query-instances.ts'

const columns = (types: Record<string, string>) => Object.entries(types).map(([name, type]) => ({ name, type }))
const text = { key: 'String' }

test('a row is a key, a value and a detail, which has the other columns by name', () => {
  const answer = {
    columns: columns({ ...text, value: 'Nullable(Float64)', detail: 'String', zone: 'String', hours: 'Array(UInt8)' }),
    rows: [
      { key: 'AT', value: 1.5, detail: 'it is low', zone: 'x'.repeat(70), hours: [1, 2] },
      { key: 'BE', value: null, detail: '', zone: '', hours: [] },
    ],
  }
  expect(readInstances(answer)).toEqual([
    { key: 'AT', value: 1.5, detail: `it is low, zone=${'x'.repeat(60)}, hours=[1,2]` },
    { key: 'BE', value: null, detail: 'zone=, hours=[]' },
  ])
  expect(readInstances({ columns: columns(text), rows: [{ key: 'AT' }] })).toEqual([
    { key: 'AT', value: null, detail: null },
  ])
})

test('a number that JSON writes as text is a number, and one that is none is null', () => {
  const of = (type: string, value: unknown) =>
    readInstances({ columns: columns({ ...text, value: type }), rows: [{ key: 'a', value }] })[0]?.value
  expect(of('UInt256', '12')).toBe(12)
  expect(of('Decimal(18, 3)', 1.5)).toBe(1.5)
  expect(of('Float64', 'inf')).toBe(null)
  expect(of('Bool', true)).toBe(1)
  expect(of('Nullable(Nothing)', null)).toBe(null)
})

test('a whole number beyond 2^53 is not rounded in silence: as a value it is refused, in the detail it has its digits', () => {
  const of = (type: string, value: unknown) =>
    readInstances({ columns: columns({ ...text, value: type }), rows: [{ key: 'a', value }] })[0]?.value
  const words =
    'The value 9007199254740993 of the row "a" is beyond 2^53, and would be told rounded: give the column another name, and it is told as it is, or write toFloat64(…) AS value.'
  expect(() => of('UInt64', '9007199254740993')).toThrow(words)
  expect(() => of('Nullable(Int64)', '-9007199254740993')).toThrow('The value -9007199254740993 of the row "a"')
  expect(() => of('Decimal(38, 2)', '9007199254740993.25')).toThrow('beyond 2^53')
  expect(of('UInt64', 9_007_199_254_740_991)).toBe(9_007_199_254_740_991)
  // What is rounded anyway is told as the store has it.
  expect(of('Nullable(Float64)', '100000000000000000000')).toBe(1e20)
  const rows = [{ key: 'a', bytes: '9007199254740993', parts: ['18446744073709551615', 1] }]
  expect(readInstances({ columns: columns({ ...text, bytes: 'UInt64', parts: 'Array(UInt64)' }), rows })).toEqual([
    { key: 'a', value: null, detail: 'bytes=9007199254740993, parts=["18446744073709551615",1]' },
  ])
})

test.each([
  [{ name: 'String' }, [], 'The query has no column `key`, which names each row; it has: name. Write … AS key.'],
  [{ key: 'UInt64' }, [], 'The column `key` must be text, and is UInt64: write toString(…) AS key.'],
  [{ ...text, value: 'String' }, [], 'The column `value` must be a number, and is String'],
  [text, [{ key: 'a' }, { key: 'a' }], 'The key "a" comes twice: group the rows by it.'],
  [text, [{ key: '' }], 'A `key` is empty, null or longer than 300 characters.'],
  [{ key: 'Nullable(String)' }, [{ key: null }], 'A `key` is empty, null'],
  [text, [{ key: 'a'.repeat(301) }], 'longer than 300 characters'],
  [text, Array.from({ length: 1_001 }, (_, n) => ({ key: `${n}` })), 'The query returns more than 1000 rows'],
])('%j with such rows is refused in words', (types, rows, words) => {
  expect(() => readInstances({ columns: columns(types), rows })).toThrow(words)
})
