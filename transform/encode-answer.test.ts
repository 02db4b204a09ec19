import { afterEach, expect, test, vi } from 'vitest'
import type { Dataset } from '#sources/source.ts'
import { slice } from '../test/store/slices.ts'
import { answerEncoder } from './encode-answer.ts'

afterEach(() => void vi.useRealTimers())

const dataset = { name: 'test.hourly', labels: () => ({}) } as unknown as Dataset
const outputs = {
  timeseries: { topic: 'slices', encode: () => Buffer.from('') },
  series: { topic: 'meanings', encode: () => Buffer.from('') },
  own: new Map([['own', { topic: 'test.own', encode: (record: object) => Buffer.from(JSON.stringify(record)) }]]),
}
const told = slice({ start: '2026-01-01T00:00:00Z', values: [1], knownAt: '2026-01-01T00:00:00Z' })

test('what a key means is said once, and again after an hour: a deletion may have taken it away', () => {
  vi.useFakeTimers({ now: 0 })
  const encode = answerEncoder(outputs)
  const topics = () => encode({ slices: [told], records: [], dataset }).map(({ topic }) => topic)
  expect(topics()).toEqual(['meanings', 'slices'])
  vi.setSystemTime(59 * 60_000)
  expect(topics()).toEqual(['slices'])
  vi.setSystemTime(60 * 60_000)
  expect(topics()).toEqual(['meanings', 'slices'])
  vi.setSystemTime(61 * 60_000)
  expect(topics()).toEqual(['slices'])
})

test('a record of an own topic goes there under its own key', () => {
  const records = [{ topic: 'own', key: 'k', record: { a: 1 } }]
  const sent = answerEncoder(outputs, { replay: 'r' })({ slices: [], records, dataset })
  expect(sent).toEqual([{ topic: 'test.own', key: 'k', value: Buffer.from('{"a":1}'), headers: { replay: 'r' } }])
})

test('a record of a topic that the source does not declare is a bug, said with the names', () => {
  const records = [{ topic: 'other', key: 'k', record: {} }]
  expect(() => answerEncoder(outputs)({ slices: [], records, dataset })).toThrow(/test\.hourly .* other/)
})
