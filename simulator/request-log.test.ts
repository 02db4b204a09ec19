import { expect, test } from 'vitest'
import { createRequestLog, KEPT_REQUESTS } from './request-log.ts'

test('keeps the newest requests, and sums of all of them', () => {
  const log = createRequestLog()
  const asked = { realMs: 0, simMs: 0, elapsedMs: 0, path: '/', fromUtc: null, toUtc: null }
  const nothing = { bytes: 2, sha256: '' }
  for (let count = 0; count < 2 * KEPT_REQUESTS + 5; count++) log.close(log.open(asked), 200, nothing)
  const { firstSeq, requests } = log.since(0)
  expect([firstSeq, requests.length, requests[0]!.seq, requests.at(-1)!.seq]).toEqual([
    100_006, 100_000, 100_006, 200_005,
  ])
  expect(log.since(200_004).requests).toHaveLength(2)
  expect(log.sums()).toEqual({ requests: 200_005, bytes: 400_010, byStatus: { 200: 200_005 }, byFault: {} })
})
