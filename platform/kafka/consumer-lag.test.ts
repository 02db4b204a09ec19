import fc from 'fast-check'
import { expect, test } from 'vitest'
import { consumerLag } from './consumer-lag.ts'
import { ageS } from './lag-reader.ts'

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

test('an age is found from yes and no, to a second or 5 % above, with few questions', async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.nat({ max: 200 }), fc.nat({ max: 2_000_000_000 })), async (trueS) => {
      let asked = 0
      const foundS = await ageS(async (seconds) => {
        asked++
        return seconds >= trueS
      })
      expect(foundS).toBeGreaterThanOrEqual(trueS)
      expect(foundS).toBeLessThanOrEqual(Math.max(trueS + 1, trueS * 1.05 + 1))
      expect(asked).toBeLessThan(40)
    }),
  )
})
