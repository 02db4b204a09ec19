import { afterEach, expect, test, vi } from 'vitest'
import type { Dataset } from '#sources/source.ts'
import { slice } from '../test/store/slices.ts'
import { sliceEncoder } from './encode-slices.ts'

afterEach(() => void vi.useRealTimers())

const dataset = { name: 'test.hourly', labels: () => ({}) } as unknown as Dataset
const outputs = {
  timeseries: { topic: 'slices', encode: () => Buffer.from('') },
  series: { topic: 'meanings', encode: () => Buffer.from('') },
}
const told = slice({ start: '2026-01-01T00:00:00Z', values: [1], knownAt: '2026-01-01T00:00:00Z' })

test('what a key means is said once, and again after an hour: a deletion may have taken it away', () => {
  vi.useFakeTimers({ now: 0 })
  const encode = sliceEncoder(outputs)
  const topics = () => encode([told], dataset).map(({ topic }) => topic)
  expect(topics()).toEqual(['meanings', 'slices'])
  vi.setSystemTime(59 * 60_000)
  expect(topics()).toEqual(['slices'])
  vi.setSystemTime(60 * 60_000)
  expect(topics()).toEqual(['meanings', 'slices'])
  vi.setSystemTime(61 * 60_000)
  expect(topics()).toEqual(['slices'])
})
