import { describe, expect, it, test } from 'vitest'
import { type Cell, recordOffset } from '#schemas/record-schema.ts'
import { columnType } from './column-type.ts'
import { type BinaryRow, bytesOf, RowBuffer } from './row-buffer.ts'
import { type Column, compileTranscode } from './transcode.ts'

const column = (cell: Cell | string, type: string): Column => {
  const known = columnType(type)
  if (known === undefined) throw new Error(`no type ${type}`)
  return { cell: typeof cell === 'string' ? { path: cell } : cell, type: known }
}

const recordOf = (fields: [string, unknown][]): string =>
  JSON.stringify({ type: 'record', name: 'Made', fields: fields.map(([name, type]) => ({ name, type })) })

/** Returns the row of a record with one field, as hex; undefined if the record must be decoded. */
function rowOf(avro: unknown, type: string, bytes: number[], cell: Cell | string = 'it'): string | undefined {
  const compiled = compileTranscode(recordOf([['it', avro]]), [column(cell, type)])
  return hexOf(compiled?.transcode(Buffer.of(...bytes), 0, 0, new RowBuffer()))
}

const hexOf = (row: BinaryRow | undefined): string | undefined => row && bytesOf(row).toString('hex')

/** Returns whether a record whose only field has no column is taken. */
const passesOver = (avro: unknown, bytes: number[]): boolean =>
  compileTranscode(recordOf([['it', avro]]), [column(recordOffset, 'UInt8')])?.transcode(
    Buffer.of(...bytes),
    0,
    7,
    new RowBuffer(),
  ) !== undefined

/** Returns an integer as Avro writes it. */
function long(value: bigint): number[] {
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
  const bytes: number[] = []
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80)
  return [...bytes, Number(rest)]
}

const double = [0, 0, 0, 0, 0, 0, 0xf8, 0x3f]
const isInstant = { path: 'it', isInstant: true } as const

describe('a value', () => {
  test.each<[string, unknown, string, number[], string]>([
    ['text', 'string', 'String', [4, 0x61, 0x62], '026162'],
    ['text in a dictionary', 'string', 'LowCardinality(Nullable(String))', [2, 0x61], '000161'],
    ['text of two bytes a character', 'string', 'String', [4, 0xc3, 0xa9], '02c3a9'],
    ['false', 'boolean', 'Bool', [0], '00'],
    ['true', 'boolean', 'Bool', [1], '01'],
    ['a number', 'double', 'Float64', double, '000000000000f83f'],
    ['-0, which JSON does not know', 'double', 'Float64', [0, 0, 0, 0, 0, 0, 0, 0x80], '0000000000000000'],
    ['the smallest of a byte', 'int', 'Int8', [0xff, 0x01], '80'],
    ['the greatest of two bytes', 'int', 'UInt16', [0xfe, 0xff, 0x07], 'ffff'],
    ['the greatest of four bytes', 'long', 'UInt32', [0xfe, 0xff, 0xff, 0xff, 0x1f], 'ffffffff'],
    ['a negative long', 'long', 'Int64', [1], 'ffffffffffffffff'],
    ['2^53 - 2', 'long', 'Int64', [0xfc, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f], 'feffffffffff1f00'],
    ['-(2^52)', 'long', 'Int64', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f], '000000000000f0ff'],
    ['a long in more bytes than it needs', 'long', 'UInt8', [0x82, 0x80, 0], '01'],
    ['null', ['null', 'int'], 'Nullable(Int32)', [0], '01'],
    ['not null', ['null', 'int'], 'Nullable(Int32)', [2, 4], '0002000000'],
    ['null after its type', ['int', 'null'], 'Nullable(Int32)', [2], '01'],
    ['never null', ['null', 'int'], 'Int32', [2, 4], '02000000'],
    ['an empty list', { type: 'array', items: 'int' }, 'Array(Int8)', [0], '00'],
    ['a list', { type: 'array', items: ['null', 'int'] }, 'Array(Nullable(Int8))', [4, 0, 2, 6, 0], '02010003'],
    [
      'lists of texts',
      { type: 'array', items: { type: 'array', items: 'string' } },
      'Array(Array(String))',
      [2, 0, 0],
      '0100',
    ],
    ['a map', { type: 'map', values: 'int' }, 'Map(String, Int8)', [4, 2, 0x61, 2, 2, 0x62, 4, 0], '02016101016202'],
  ])('%s', (_, avro, type, bytes, row) => {
    expect(rowOf(avro, type, bytes)).toBe(row)
  })

  test.each<[string, string, number[], string]>([
    ['whole seconds', "DateTime('UTC')", [0xd0, 0x0f], '01000000'],
    ['milliseconds', "DateTime64(3, 'UTC')", [0xd2, 0x0f], 'e903000000000000'],
  ])('an instant in %s', (_, type, bytes, row) => {
    expect(rowOf('long', type, bytes, isInstant)).toBe(row)
    expect(rowOf({ type: 'long', logicalType: 'timestamp-millis' }, type, bytes, isInstant)).toBe(row)
  })
})

describe('a record is decoded', () => {
  test.each<[string, unknown, string, number[]]>([
    ['that is empty', 'int', 'Int8', []],
    ['with bytes behind it', 'int', 'Int8', [2, 0]],
    ['with a text that is cut off', 'string', 'String', [4, 0x61]],
    ['with a text of negative length', 'string', 'String', [1, 0x61]],
    ['with a text that is no UTF-8', 'string', 'String', [2, 0xff]],
    ['with a long text that is no UTF-8', 'string', 'String', [0xa0, 1, ...new Array(79).fill(0x61), 0xff]],
    ['with a surrogate as UTF-8', 'string', 'String', [6, 0xed, 0xa0, 0x80]],
    ['with a boolean of another byte', 'boolean', 'Bool', [2]],
    ['with a number that is cut off', 'double', 'Float64', double.slice(1)],
    ['with NaN', 'double', 'Float64', [0, 0, 0, 0, 0, 0, 0xf8, 0x7f]],
    ['with infinity', 'double', 'Nullable(Float64)', [0, 0, 0, 0, 0, 0, 0xf0, 0xff]],
    ['with a number that the column does not hold', 'int', 'Int8', [0x80, 0x02]],
    ['with a negative number for a column without sign', 'int', 'UInt64', [1]],
    ['with an integer that is cut off', 'int', 'Int32', [0x80]],
    ['with an integer of nine bytes', 'long', 'Int64', [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0]],
    ['with 2^53 - 1', 'long', 'Int64', [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f]],
    [
      'with -(2^52) - 1, which the library takes for 2^52',
      'long',
      'Int64',
      [0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10],
    ],
    ['with null where the column holds none', ['null', 'int'], 'Int32', [0]],
    ['with a branch that there is not', ['null', 'int'], 'Nullable(Int32)', [4, 0]],
    ['with a negative branch', ['null', 'int'], 'Nullable(Int32)', [1]],
    ['with a branch in two bytes', ['null', 'int'], 'Nullable(Int32)', [0x80, 0]],
    ['with a block that tells its size', { type: 'array', items: 'int' }, 'Array(Int8)', [1, 2, 2, 0]],
    ['with two blocks', { type: 'array', items: 'int' }, 'Array(Int8)', [2, 2, 2, 2, 0]],
    ['with more items than bytes', { type: 'array', items: 'int' }, 'Array(Int8)', [0xfe, 0xff, 0x03, 0]],
    ['with a list that does not end', { type: 'array', items: 'int' }, 'Array(Int8)', [2, 2]],
    ['with a list that ends with a block', { type: 'array', items: 'int' }, 'Array(Int8)', [2, 2, 2]],
    [
      'with a name that comes twice',
      { type: 'map', values: 'int' },
      'Map(String, Int8)',
      [4, 2, 0x61, 2, 2, 0x61, 4, 0],
    ],
    ['with a name that is a number', { type: 'map', values: 'int' }, 'Map(String, Int8)', [2, 2, 0x31, 2, 0]],
    [
      'with a name that objects do not keep',
      { type: 'map', values: 'int' },
      'Map(String, Int8)',
      [2, 18, ...Buffer.from('__proto__'), 2, 0],
    ],
    ['with a map that is cut off', { type: 'map', values: 'int' }, 'Map(String, Int8)', [2, 2, 0x61, 2]],
  ])('%s', (_, avro, type, bytes) => {
    expect(compileTranscode(recordOf([['it', avro]]), [column('it', type)])).toBeDefined()
    expect(rowOf(avro, type, bytes)).toBeUndefined()
  })

  test.each<[string, string, number[]]>([
    ['before 1970', "DateTime64(3, 'UTC')", long(-1n)],
    ['after 2299', "DateTime64(3, 'UTC')", long(BigInt(Date.parse('2300-01-01T00:00:00Z')))],
    ['with a fraction of a second', "DateTime('UTC')", long(1_001n)],
    ['after 2106', "DateTime('UTC')", long(4_294_967_296_000n)],
  ])('with an instant %s', (_, type, bytes) => {
    expect(rowOf('long', type, bytes, isInstant)).toBeUndefined()
  })

  it('with more numbers than its table takes', () => {
    const limited = { path: 'it', limit: { maxItems: 2, check: () => undefined } }
    const numbers = { type: 'array', items: 'int' }
    expect(rowOf(numbers, 'Array(Int8)', [4, 2, 2, 0], limited)).toBe('020101')
    expect(rowOf(numbers, 'Array(Int8)', [6, 2, 2, 2, 0], limited)).toBeUndefined()
  })
})

test.each<[string, unknown, number[], number[][]]>([
  ['boolean', 'boolean', [1], [[2], []]],
  ['double', 'double', double, [double.slice(1)]],
  ['string', 'string', [2, 0xff], [[2], [1]]],
  ['long', 'long', [0x80, 1], [[0x80]]],
  ['union', ['null', 'int', 'string'], [4, 2, 0x61], [[6], [1], [0x80, 0]]],
  [
    'array',
    { type: 'array', items: 'long' },
    [4, 2, 2, 0],
    [
      [1, 2, 2, 0],
      [4, 2, 2],
      [2, 2, 2, 2, 0],
    ],
  ],
  ['map', { type: 'map', values: ['null', 'long'] }, [2, 2, 0x61, 0, 0], [[2, 2, 0x61, 4, 0, 0]]],
  [
    'record in a list',
    { type: 'array', items: { type: 'record', fields: [{ name: 'a', type: 'int' }] } },
    [2, 2, 0],
    [[2, 0]],
  ],
])('a field without a column, of type %s, is passed over, and is as strict', (_, avro, good, bad) => {
  expect(passesOver(avro, good)).toBe(true)
  for (const bytes of bad) expect(passesOver(avro, bytes), `${bytes}`).toBe(false)
  expect(passesOver(avro, [...good, 0])).toBe(false)
})

it('a row has its values in the order of the fields, and its place last', () => {
  const inner = {
    type: 'record',
    name: 'Inner',
    fields: [
      { name: 'a', type: 'int' },
      { name: 'b', type: 'int' },
    ],
  }
  const schema = recordOf([
    ['first', 'int'],
    ['inner', inner],
    ['last', 'int'],
  ])
  const columns = [
    column(recordOffset, 'UInt64'),
    column('last', 'UInt8'),
    column('inner.b', 'UInt8'),
    column('first', 'UInt8'),
  ]
  const compiled = compileTranscode(schema, columns)
  expect(compiled?.order).toEqual([3, 2, 1, 0])
  const value = Buffer.of(9, 9, 2, 4, 6, 8)
  expect(hexOf(compiled?.transcode(value, 2, 258, new RowBuffer()))).toBe('0103040201000000000000')
  expect(compiled?.transcode(value, 2, -1, new RowBuffer())).toBeUndefined()
})

test.each<[string, unknown, Column[]]>([
  ['no field has the path', 'int', [column('other', 'Int8')]],
  ['two columns have the same field', 'int', [column('it', 'Int8'), column('it', 'Int8')]],
  ['the column is of another kind', 'string', [column('it', 'Int8')]],
  ['an integer is for an instant', 'long', [column('it', "DateTime('UTC')")]],
  ['an instant is for an integer', 'long', [column(isInstant, 'Int64')]],
  ['a text is for an instant', 'string', [column(isInstant, 'String')]],
  ['a list is of instants', { type: 'array', items: 'long' }, [column(isInstant, "Array(DateTime('UTC'))")]],
  ['a limit is of what is no list', 'int', [column({ path: 'it', limit: { maxItems: 1, check: () => {} } }, 'Int8')]],
  ['a union has two types', ['null', 'int', 'long'], [column('it', 'Nullable(Int64)')]],
  ['a field is of an unknown type', 'bytes', [column('it', 'String')]],
  ['a field without a column is of an unknown type', 'bytes', [column(recordOffset, 'UInt64')]],
  ['the place is for a text', 'int', [column('it', 'Int8'), column(recordOffset, 'String')]],
])('records are all decoded where %s', (_, avro, columns) => {
  expect(compileTranscode(recordOf([['it', avro]]), columns)).toBeUndefined()
})

it('rows stay where they are when the memory is full, and each is in one piece', () => {
  const { transcode } = compileTranscode(recordOf([['it', 'string']]), [column('it', 'String')]) ?? {}
  const to = new RowBuffer()
  const texts = Array.from({ length: 20 }, (_, index) => `${index}`.padEnd(300_000, '.'))
  const rows = texts.map((text) =>
    transcode?.(Buffer.concat([Buffer.of(...long(300_000n)), Buffer.from(text)]), 0, 0, to),
  )
  expect(rows.map((row) => row && bytesOf(row).subarray(3).toString())).toEqual(texts)
  expect(new Set(rows.map((row) => row?.memory)).size).toBeGreaterThan(1)
})
