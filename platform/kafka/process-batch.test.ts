import type { KafkaMessage } from 'kafkajs'
import { expect, test } from 'vitest'
import { type Series, seriesSchema } from '#schemas/generated/records.ts'
import { outputsByTopic, processBatch, type Subscription, splitBatch } from './process-batch.ts'
import { DecodeFailure, type Decoder } from './registry.ts'
import { ok } from './verdict.ts'

const decoder: Decoder<Series> = {
  prepare: async () => {},
  decode: () => new DecodeFailure('not-avro', 'no schema id'),
  newestAt: () => undefined,
}
const subscription = { topic: 't', record: seriesSchema, deadLetterTopic: 'dlq', handle: () => [] } as Subscription
const message = (value: Buffer | null) => ({
  key: null,
  value,
  timestamp: '0',
  attributes: 0,
  offset: '0',
  headers: {},
})

test('a record without a value is passed over where it says that its key is gone, and a dead letter elsewhere', async () => {
  const messages = [message(null), message(Buffer.from('x'))]
  const kinds = async (tombstones: boolean) =>
    (await processBatch({ ...subscription, tombstones } as Subscription, decoder, 0, messages)).map(({ kind }) => kind)
  expect(await kinds(true)).toEqual(['ok', 'dead'])
  expect(await kinds(false)).toEqual(['dead', 'dead'])
})

test('a record that has a field `reason` is a record', async () => {
  const reading: Decoder = {
    prepare: async () => {},
    decode: () => ({ reason: 'storm', message: 'no ferry' }),
    newestAt: () => undefined,
  }
  const handled: unknown[] = []
  const taking: Subscription = {
    ...subscription,
    handle: (batch) => {
      handled.push(...batch.map(({ record }) => record))
      return batch.map(() => ok())
    },
  }
  expect(await processBatch(taking, reading, 0, [message(Buffer.from('x'))])).toEqual([ok()])
  expect(handled).toEqual([{ reason: 'storm', message: 'no ferry' }])
})

test('a topic without a record type gives each message as it is, also one without a value', async () => {
  const handled: unknown[] = []
  const taking: Subscription = {
    ...{ topic: 't', record: null, deadLetterTopic: null },
    handle: (batch) => {
      handled.push(...batch.map(({ record }) => record))
      return batch.map(() => ok())
    },
  }
  const headers = { name: Buffer.from([0xff]), text: 'x' }
  const messages = [{ ...message(null), headers, offset: '7', timestamp: '1000' }, message(Buffer.from('no Avro'))]
  expect(await processBatch(taking, null, 3, messages)).toEqual([ok(), ok()])
  expect(handled).toEqual([
    {
      ...{ topic: 't', partition: 3, offset: 7, key: null, value: null, writtenAtMs: 1000 },
      headers: { name: Buffer.from([0xff]), text: Buffer.from('x') },
    },
    {
      ...{ topic: 't', partition: 3, offset: 0, key: null, writtenAtMs: 0, headers: {} },
      value: Buffer.from('no Avro'),
    },
  ])
})

test('parts that were refused alone are dead letters of their own bytes; the outputs go out beside them', () => {
  const outputs = [{ topic: 'out', key: 'k', value: Buffer.from('good') }]
  const deadParts = [
    { reason: 'line', message: 'line 3: no Id', dataset: 'a.b', value: Buffer.from('bad 3') },
    { reason: 'line', message: 'line 7: no date', dataset: 'a.b', value: Buffer.from('bad 7') },
  ]
  const from = { topic: 't', partition: 4, deadLetterTopic: 'dlq' }
  const whole = { ...message(Buffer.from('whole')), key: Buffer.from('identity'), offset: '11' }
  const service = { name: 's', version: '1' }
  const sends = outputsByTopic(from, [whole], [{ kind: 'ok', outputs, deadParts }], service, 0)
  expect(sends.get('out')).toEqual(outputs)
  expect(sends.get('dlq')?.map(({ key, value }) => [`${key}`, `${value}`])).toEqual([
    ['identity', 'bad 3'],
    ['identity', 'bad 7'],
  ])
  expect(sends.get('dlq')?.[1]?.headers).toMatchObject({
    'tidemark-topic': 't',
    'tidemark-partition': '4',
    'tidemark-offset': '11',
    'tidemark-reason': 'line',
    'tidemark-message': 'line 7: no date',
    'tidemark-dataset': 'a.b',
  })
  expect(
    outputsByTopic({ ...from, deadLetterTopic: null }, [whole], [{ kind: 'ok', outputs, deadParts }], service, 0).size,
  ).toBe(1)
})

const messageOf = (bytes: number | null): KafkaMessage =>
  ({ value: bytes === null ? null : Buffer.alloc(bytes) }) as unknown as KafkaMessage
const sizes = (bytes: (number | null)[], most: number) =>
  splitBatch(bytes.map(messageOf), most).map((part) => part.map(({ value }) => value?.length ?? null))

test('parts hold as many bytes as they may, in order, and all messages', () => {
  expect(sizes([4, 4, 4, 4, 4], 10)).toEqual([[4, 4], [4, 4], [4]])
  expect(sizes([10, 1, 9, 1], 10)).toEqual([[10], [1, 9], [1]])
})

test('a message that is larger than a part is one of its own; one without a value weighs nothing', () => {
  expect(sizes([3, 25, 3], 10)).toEqual([[3], [25], [3]])
  expect(sizes([null, 25, null, 3], 10)).toEqual([
    [null, 25],
    [null, 3],
  ])
})

test('a batch without messages is one empty part, and is still committed', () => {
  expect(sizes([], 10)).toEqual([[]])
})
