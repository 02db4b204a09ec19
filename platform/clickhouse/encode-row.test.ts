import { expect, test } from 'vitest'
import { type ColumnType, columnType } from './column-type.ts'
import { encodeRow } from './encode-row.ts'
import { type BinaryRow, bytesOf, RowBuffer } from './row-buffer.ts'

function typeOf(text: string): ColumnType {
  const type = columnType(text)
  if (type === undefined) throw new Error(`no type ${text}`)
  return type
}

const hex = (type: string, value: unknown): string | undefined =>
  hexOf(encodeRow([typeOf(type)], [value], new RowBuffer()))

const hexOf = (row: BinaryRow | undefined): string | undefined => row && bytesOf(row).toString('hex')

test.each<[string, unknown, string]>([
  ['String', '', '00'],
  ['String', 'é', '02c3a9'],
  ['LowCardinality(String)', 'a', '0161'],
  ['LowCardinality(Nullable(String))', null, '01'],
  ['Nullable(String)', 'a', '000161'],
  ['Bool', true, '01'],
  ['Float64', 1.5, '000000000000f83f'],
  ['Float64', -0, '0000000000000000'],
  ['Int8', -128, '80'],
  ['UInt8', 255, 'ff'],
  ['Int16', -2, 'feff'],
  ['UInt16', 65_535, 'ffff'],
  ['Int32', -2, 'feffffff'],
  ['UInt32', 4_294_967_295, 'ffffffff'],
  ['Int64', -2, 'feffffffffffffff'],
  ['Int64', -9_007_199_254_740_991, '010000000000e0ff'],
  ['UInt64', 9_007_199_254_740_991, 'ffffffffffff1f00'],
  ["DateTime('UTC')", '1970-01-01T00:00:01.000Z', '01000000'],
  ['DateTime', '2106-02-07T06:28:15.000Z', 'ffffffff'],
  ["DateTime64(3, 'UTC')", '1970-01-01T00:00:01.001Z', 'e903000000000000'],
  ['Array(LowCardinality(String))', ['a', ''], '02016100'],
  ['Array(Array(UInt8))', [[1], []], '02010100'],
  ['Map(LowCardinality(String), Array(UInt8))', { a: [1], b: [] }, '0201610101016200'],
])('%s holds %j', (type, value, bytes) => {
  expect(hex(type, value)).toBe(bytes)
})

test('a length of more than 127 takes two bytes', () => {
  expect(hex('String', 'x'.repeat(300))).toBe(`ac02${'78'.repeat(300)}`)
})

test.each<[string, unknown]>([
  ['String', 1],
  ['String', null],
  ['String', '\ud800'],
  ['Bool', 1],
  ['Float64', Number.NaN],
  ['Float64', Number.POSITIVE_INFINITY],
  ['Float64', '1'],
  ['Int8', 128],
  ['Int8', -129],
  ['UInt64', -1],
  ['UInt64', 2 ** 53],
  ['Int32', 0.5],
  ['Int32', '1'],
  ["DateTime('UTC')", '1970-01-01T00:00:01.001Z'],
  ["DateTime('UTC')", '2106-02-07T06:28:16.000Z'],
  ["DateTime('UTC')", '1969-12-31T23:59:59.000Z'],
  ["DateTime('UTC')", 0],
  ["DateTime64(3, 'UTC')", '2300-01-01T00:00:00.000Z'],
  ["DateTime64(3, 'UTC')", '2026-01-01'],
  ["DateTime64(3, 'UTC')", 'never'],
  ['Array(Int8)', null],
  ['Array(Int8)', [1, null]],
  ['Map(String, Int8)', [1]],
  ['Map(String, Int8)', { a: null }],
])('%s does not hold %j', (type, value) => {
  expect(hex(type, value)).toBeUndefined()
})

test.each([
  ...['Int128', 'Float32', 'DateTime64(6)', 'FixedString(3)', 'Tuple(a String)', 'Array(Tuple(String))', ''],
  ...['Map(String, UUID)', "Enum8('a' = 1)", 'Nullable(Date)', 'constructor'],
])('rows are not written for a column of type %j', (type) => {
  expect(columnType(type)).toBeUndefined()
})

test('a row with a value that does not fit leaves nothing behind', () => {
  const types = ['String', 'Int8'].map(typeOf)
  const to = new RowBuffer()
  expect(hexOf(encodeRow(types, ['a', 1], to))).toBe('016101')
  const { at } = to
  expect(encodeRow(types, ['b', 1_000], to)).toBeUndefined()
  expect(to.at).toBe(at)
})
