import { expect, test } from 'vitest'
import { consumerLag } from './consumer-lag.ts'

const ends = [
  { partition: 0, low: '0', high: '10' },
  { partition: 1, low: '5', high: '9' },
]

test.each([
  ['all done', [10, 9], 0],
  ['some left', [7, 9], 3],
  ['never committed: from the beginning that is still there', [-1, -1], 14],
  ['committed before what is still there', [10, 2], 4],
])('records behind: %s', (_case, done, records) => {
  expect(consumerLag(ends, new Map(done.map((offset, partition) => [partition, offset])))).toBe(records)
})
