import { expect, test } from 'vitest'
import type { Decoder } from './registry.ts'
import { type AnySubscription, settle } from './settle.ts'

const decoder: Decoder<'Series'> = {
  prepare: async () => {},
  decode: () => ({ reason: 'not-avro', message: 'no schema id' }),
}
const subscription = { topic: 't', record: 'Series', deadLetterTopic: 'dlq', handle: () => [] } as AnySubscription
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
    (await settle({ ...subscription, tombstones } as AnySubscription, decoder, 0, messages)).map(({ kind }) => kind)
  expect(await kinds(true)).toEqual(['ok', 'dead'])
  expect(await kinds(false)).toEqual(['dead', 'dead'])
})
