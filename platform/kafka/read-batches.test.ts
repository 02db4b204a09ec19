// The reference is kafkajs's own decoder, which reads a record at a time.
import { createRequire } from 'node:module'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import './client.ts'
import { codecOf } from './codecs.ts'
import type { ProducerRecord } from './producer-record.ts'
import { type FetchedRecord, readBatches } from './read-batches.ts'
import { batchHeaderBytes, bodyBytes, writeBatch } from './record-batch.ts'

const requireInternal = createRequire(import.meta.url)
const DecoderClass = requireInternal('kafkajs/src/protocol/decoder') as new (bytes: Buffer) => object
const decodeBatch = requireInternal('kafkajs/src/protocol/recordBatch/v0/decoder') as (
  decoder: object,
) => Promise<{ records: Plain[] }>
const writeRecord = requireInternal('kafkajs/src/protocol/recordBatch/record/v0') as (record: object) => object
const { RecordBatch } = requireInternal('kafkajs/src/protocol/recordBatch/v0') as {
  RecordBatch: (batch: object) => Promise<{ buffer: Buffer }>
}

type Plain = Pick<FetchedRecord, 'offset' | 'key' | 'value' | 'headers' | 'timestamp' | 'isControlRecord'>

const plain = ({ offset, key, value, headers, timestamp, isControlRecord }: Plain) => ({
  ...{ offset, key, value, headers, timestamp, isControlRecord },
})

const byKafkajs = async (batch: Buffer): Promise<Plain[]> =>
  (await decodeBatch(new DecoderClass(Buffer.from(batch)))).records.map(plain)

const writtenAtMs = Date.UTC(2026, 10, 1, 2, 3, 4, 5)
const batchOf = (records: readonly ProducerRecord[], codec?: number): Buffer =>
  writeBatch(
    records.map((record) => ({ record, bodyBytes: bodyBytes(record) })),
    writtenAtMs,
    codec === undefined ? undefined : codecOf(codec),
  )

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array))
const text = fc.string({ unit: 'binary', maxLength: 80 })
const header = fc.oneof(text, bytes(70))
/** kafkajs takes the properties of all objects for headers that came before. */
const name = text.filter((each) => !(each in {}))

/** Records as any client may write them: at several times, and with headers that have a name twice. */
const anyRecord = fc.record({
  key: fc.oneof(fc.constant(null), text, bytes(70)),
  value: fc.oneof(fc.constant(null), bytes(300)),
  headers: fc.dictionary(name, fc.oneof(header, fc.array(header, { minLength: 2, maxLength: 3 })), { maxKeys: 4 }),
  timestampDelta: fc.integer({ min: 0, max: 1e13 }),
})

test('records are what kafkajs reads, whoever wrote them', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyRecord, { minLength: 1, maxLength: 70 }),
      fc.integer({ min: 0, max: 2 ** 50 }),
      fc.constantFrom(0, 8),
      async (records, firstOffset, attributes) => {
        const { buffer } = await RecordBatch({
          records: records.map((record, offsetDelta) => writeRecord({ ...record, offsetDelta })),
          ...{ firstTimestamp: writtenAtMs, maxTimestamp: writtenAtMs + 9, lastOffsetDelta: records.length - 1 },
        })
        const batch = Buffer.from(buffer)
        batch.writeBigInt64BE(BigInt(firstOffset), 0)
        batch.writeInt16BE(attributes, 21)
        expect(readBatches(batch).map(plain)).toEqual(await byKafkajs(batch))
      },
    ),
    { numRuns: 300 },
  )
})

test.each([undefined, 1, 4])('batches follow each other, and a batch that is cut off is left: codec %s', (codec) => {
  const one = batchOf([{ key: 'a', value: Buffer.from('1'), headers: { h: 'x' } }], codec)
  const two = batchOf(
    Array.from({ length: 200 }, (_, at) => ({ key: `k${at}`, value: null })),
    codec,
  )
  two.writeBigInt64BE(7n, 0)
  const all = Buffer.concat([one, two])
  expect(readBatches(all).map(({ offset }) => Number(offset))).toEqual([
    0,
    ...Array.from({ length: 200 }, (_, at) => at + 7),
  ])
  for (const length of [one.length, one.length + 5, one.length + batchHeaderBytes, all.length - 1])
    expect(readBatches(all.subarray(0, length)).map(({ key }) => `${key}`)).toEqual(['a'])
})

test('records of a control batch are marked, and the time is that of the broker where the topic says so', () => {
  const batch = batchOf([{ key: 'a', value: null }])
  batch.writeInt16BE(32 | 16 | 8, 21)
  batch.writeBigInt64BE(BigInt(writtenAtMs + 60_000), 35)
  const [record] = readBatches(batch)
  expect(record).toMatchObject({ isControlRecord: true, timestamp: `${writtenAtMs + 60_000}` })
  expect(record?.batchContext).toMatchObject({ inTransaction: true, producerId: '-1' })
})

test('a header may have the name of a property of all objects', () => {
  const headers = JSON.parse('{ "__proto__": "a", "constructor": "b" }')
  const [record] = readBatches(batchOf([{ key: 'a', value: null, headers }]))
  expect(Object.entries(record?.headers ?? {}).map(([name, value]) => [name, `${value}`])).toEqual([
    ['__proto__', 'a'],
    ['constructor', 'b'],
  ])
})

test('a damaged record is an error that says where it is, and reads nothing of what lies behind it', () => {
  const good = batchOf([{ key: 'abc', value: Buffer.from('value'), headers: { h: 'x' } }])
  // The lengths of the record, its key, its value and its header; each claims more than there is.
  for (const at of [61, 65, 69, 76, 78]) {
    const batch = Buffer.from(good)
    batch[at] = 126
    batch.writeBigInt64BE(41n, 0)
    expect(() => readBatches(batch), `byte ${at}`).toThrow('a record of the batch from offset 41 on is damaged')
  }
  const claimed = Buffer.from(good)
  claimed.writeInt32BE(2, 57)
  expect(() => readBatches(claimed)).toThrow('damaged')
})
