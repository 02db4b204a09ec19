// The reference is the library, unchanged.
import { createRequire } from 'node:module'
import type avsc from 'avsc'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { avroType } from './avro-type.ts'

/** The library, loaded once more. */
function unchangedLibrary(): typeof avsc {
  const load = createRequire(import.meta.url)
  for (const path of Object.keys(load.cache)) if (path.includes('/node_modules/avsc/')) delete load.cache[path]
  return load('avsc') as typeof avsc
}

const schema = JSON.stringify({
  ...{ type: 'record', name: 'Mixed' },
  fields: [
    { name: 'before', type: 'string' },
    { name: 'values', type: { type: 'array', items: ['null', 'double'] } },
    { name: 'bytes', type: 'bytes' },
    { name: 'after', type: 'string' },
  ],
})
const [quick, stock] = [avroType(schema), unchangedLibrary().Type.forSchema(JSON.parse(schema))]

const anyMixed = fc.record({
  before: fc.string({ unit: 'binary' }),
  values: fc.array(fc.oneof(fc.constant(null), fc.double()), { maxLength: 200 }),
  bytes: fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array)),
  after: fc.string(),
})

test('a record is byte for byte what the library writes, and is read as the library reads it', () => {
  fc.assert(
    fc.property(anyMixed, (record) => {
      const written = quick.toBuffer(record)
      expect(written.equals(stock.toBuffer(record))).toBe(true)
      expect(quick.fromBuffer(written)).toEqual(stock.fromBuffer(written))
    }),
  )
})

test('where there is no room, as much is missing as the library says', () => {
  fc.assert(
    fc.property(anyMixed, fc.nat(400), (record, room) => {
      expect(quick.encode(record, Buffer.alloc(room))).toBe(stock.encode(record, Buffer.alloc(room)))
    }),
  )
})

test.each([['1'], [undefined], [true], [{}], [10n]])(
  'what is not a number is refused in the words of the library: %s',
  (value) => {
    const record = { before: '', values: [1, null, value], bytes: Buffer.alloc(0), after: '' }
    const wordsOf = (type: avsc.Type): string => {
      try {
        type.toBuffer(record)
        return 'nothing'
      } catch (error) {
        return (error as Error).message
      }
    }
    expect(wordsOf(quick)).toBe(wordsOf(stock))
    expect(wordsOf(quick)).not.toBe('nothing')
  },
)

test('bytes that are cut off, or changed, are read or refused as by the library', () => {
  const outcomeOf = (type: avsc.Type, bytes: Buffer): unknown => {
    try {
      return type.fromBuffer(bytes)
    } catch (error) {
      return (error as Error).message
    }
  }
  fc.assert(
    fc.property(anyMixed, fc.nat(2_000), fc.nat(255), fc.boolean(), (record, at, byte, isCut) => {
      const written = Buffer.from(stock.toBuffer(record))
      const place = at % written.length
      if (!isCut) written[place] = byte
      const bytes = isCut ? written.subarray(0, place) : written
      expect(outcomeOf(quick, bytes)).toEqual(outcomeOf(stock, bytes))
    }),
    { numRuns: 2_000 },
  )
})

test('bytes are read as a view, and not copied', () => {
  const record = { before: 'a', values: [], bytes: Buffer.from('body'), after: 'b' }
  const written = quick.toBuffer(record)
  const read = quick.fromBuffer(written) as { bytes: Buffer }
  expect(read.bytes.buffer).toBe(written.buffer)
  expect((stock.fromBuffer(written) as { bytes: Buffer }).bytes.buffer).not.toBe(written.buffer)
})
