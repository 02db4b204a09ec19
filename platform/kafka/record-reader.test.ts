import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Pipeline, startPipeline } from '../../test/support/pipeline.ts'
import { deleteRecordsBefore } from './delete-records.ts'
import { openRecordReader, type RecordReader } from './record-reader.ts'

let chain: Pipeline
let reader: RecordReader
const topic = 'jao.raw'

beforeAll(async () => {
  chain = await startPipeline()
  for (const text of ['a', 'b', 'c', 'd'])
    await chain.producer.send(topic, [{ key: text, value: Buffer.from(text.repeat(3)) }], { compress: false })
  reader = await openRecordReader(chain.kafka, [topic, 'kraken.raw'], { maxCachedBytes: 10_000, crash: console.error })
})

afterAll(async () => {
  await reader?.close()
  await chain?.stop()
})

const placed = async (): Promise<[partition: number, offset: number][]> =>
  [...(await reader.ranges(topic))].flatMap(([partition, { from, to }]) =>
    Array.from({ length: to - from }, (_, at): [number, number] => [partition, from + at]),
  )

test('records are read in any order, many at a time, and again', async () => {
  const places = await placed()
  expect(places.length).toBe(4)
  const backwards = places.toReversed()
  const first = await Promise.all(backwards.map(([partition, offset]) => reader.read(topic, partition, offset)))
  expect(first.map((record) => record?.value?.toString()).toSorted()).toEqual(['aaa', 'bbb', 'ccc', 'ddd'])
  for (const [index, [partition, offset]] of backwards.entries()) {
    expect(await reader.read(topic, partition, offset)).toEqual(first[index])
  }
})

test('a record that was deleted from its topic is not there; the others are', async () => {
  const [place] = await placed()
  const [partition, offset] = place!
  await chain.producer.send(topic, [{ key: 'e', value: Buffer.from('eee') }], { compress: false })
  await deleteRecordsBefore(chain.kafka, topic, new Map([[partition, offset + 1]]))
  const other = await openRecordReader(chain.kafka, [topic], { maxCachedBytes: 10_000, crash: console.error })
  try {
    const after = (await placed()).filter(([one]) => one === partition)
    expect(after.every(([, at]) => at > offset)).toBe(true)
    if (after.length > 0) expect(await other.read(topic, partition, offset)).toBeUndefined()
    for (const [one, at] of await placed()) expect((await other.read(topic, one, at))?.offset).toBe(at)
  } finally {
    await other.close()
  }
})
