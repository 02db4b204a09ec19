import type { KafkaMessage } from 'kafkajs'
import { expect, test } from 'vitest'
import { splitBatch } from './split-batch.ts'

const message = (bytes: number | null): KafkaMessage =>
  ({ value: bytes === null ? null : Buffer.alloc(bytes) }) as unknown as KafkaMessage
const sizes = (bytes: (number | null)[], most: number) =>
  splitBatch(bytes.map(message), most).map((part) => part.map(({ value }) => value?.length ?? null))

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

test('no message is one empty part: the batch is still committed', () => {
  expect(sizes([], 10)).toEqual([[]])
})
