// The reference is kafkajs's own encoder, which writes a record at a time.
import { createRequire } from 'node:module'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ProducerRecord } from './producer-record.ts'
import { batchHeaderBytes, bodyBytes, recordBytes, writeBatch } from './record-batch.ts'

const requireInternal = createRequire(import.meta.url)
const writeRecord = requireInternal('kafkajs/src/protocol/recordBatch/record/v0') as (record: object) => object
const { RecordBatch } = requireInternal('kafkajs/src/protocol/recordBatch/v0') as {
  RecordBatch: (batch: object) => Promise<{ buffer: Buffer }>
}

const writtenAtMs = Date.UTC(2026, 10, 1, 2, 3, 4, 5)

async function byKafkajs(records: readonly ProducerRecord[]): Promise<Buffer> {
  const batch = await RecordBatch({
    records: records.map((record, offsetDelta) => writeRecord({ ...record, offsetDelta, timestampDelta: 0 })),
    ...{ firstTimestamp: writtenAtMs, maxTimestamp: writtenAtMs, lastOffsetDelta: records.length - 1 },
  })
  return Buffer.from(batch.buffer)
}

const sized = (records: readonly ProducerRecord[]) =>
  records.map((record) => ({ record, bodyBytes: bodyBytes(record) }))

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array))
const text = fc.string({ unit: 'binary', maxLength: 80 })
const anyRecord: fc.Arbitrary<ProducerRecord> = fc.record(
  {
    key: fc.oneof(fc.constant(null), text, bytes(70)),
    value: fc.oneof(fc.constant(null), bytes(300)),
    headers: fc.dictionary(text, fc.oneof(text, bytes(70)), { maxKeys: 4 }),
  },
  { requiredKeys: ['key', 'value'] },
)

test('a batch is byte for byte what kafkajs writes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyRecord, { minLength: 1, maxLength: 70 }), async (records) => {
      expect(writeBatch(sized(records), writtenAtMs).equals(await byKafkajs(records))).toBe(true)
    }),
    { numRuns: 300 },
  )
})

test('also where a length or a place takes more bytes', async () => {
  for (const length of [63, 64, 8_191, 8_192, 1_048_575, 1_048_576]) {
    const records = [{ key: 'k'.repeat(length % 9_000), value: Buffer.alloc(length, 7) }]
    expect(writeBatch(sized(records), writtenAtMs).equals(await byKafkajs(records))).toBe(true)
  }
  const many = Array.from({ length: 8_300 }, (_, at) => ({ key: `${at}`, value: null, headers: { at: `${at}` } }))
  expect(writeBatch(sized(many), writtenAtMs).equals(await byKafkajs(many))).toBe(true)
})

test('a record has the size that it is said to have, as the first of its batch', () => {
  fc.assert(
    fc.property(anyRecord, (record) => {
      expect(writeBatch(sized([record]), writtenAtMs)).toHaveLength(batchHeaderBytes + recordBytes(record))
    }),
  )
})

test('records are compressed as a whole, behind the header', () => {
  const records = sized(Array.from({ length: 50 }, (_, at) => ({ key: 'k', value: Buffer.alloc(100, at) })))
  const plain = writeBatch(records, writtenAtMs)
  const written = writeBatch(records, writtenAtMs, { type: 4, compress: zstdCompressSync })
  expect(written.readInt16BE(21)).toBe(4)
  expect(written.readInt32BE(57)).toBe(50)
  expect(zstdDecompressSync(written.subarray(batchHeaderBytes)).equals(plain.subarray(batchHeaderBytes))).toBe(true)
})
