import { expect, test } from 'vitest'
import type { Fetched } from './fetch.ts'
import { createManners } from './manners.ts'

const failure = (status: number | null, retryAfterMs?: number): Fetched => ({
  kind: 'failure',
  error: '',
  status,
  firstKilobyte: null,
  ...(retryAfterMs !== undefined && { retryAfterMs }),
})
const tooMany = (retryAfterMs?: number) => failure(429, retryAfterMs)
const fine: Fetched = { kind: 'answer', status: 200, headers: {}, body: Buffer.alloc(0) }

test('Retry-After is obeyed to the ms, for 429 and for 503', () => {
  for (const status of [429, 503]) {
    const manners = createManners('h', undefined, () => {})
    manners.heard(failure(status, 7_000), 0, 100)
    expect(manners.pausedForMs(100)).toBe(7_000)
    expect(manners.pausedForMs(7_100)).toBe(0)
  }
})

test('a 503 without it, and any other failure, pauses nobody', () => {
  const manners = createManners('h', undefined, () => {})
  for (const status of [503, 500, 404, null]) manners.heard(failure(status), 0, 100)
  expect(manners.pausedForMs(100)).toBe(0)
})

test('429 without it: longer from time to time, but those under way at the first count once', () => {
  const manners = createManners('h', undefined, () => {})
  for (let request = 0; request < 8; request++) manners.heard(tooMany(), request, 100 + request)
  expect(manners.pausedForMs(107)).toBeLessThanOrEqual(30_000)
  manners.heard(tooMany(), 60_000, 60_100)
  expect(manners.pausedForMs(60_100)).toBeGreaterThanOrEqual(30_000)
})

test('a good answer ends the count', () => {
  const manners = createManners('h', undefined, () => {})
  manners.heard(tooMany(), 0, 100)
  manners.heard(tooMany(), 100_000, 100_100)
  manners.heard(fine, 300_000, 300_100)
  manners.heard(tooMany(), 400_000, 400_100)
  expect(manners.pausedForMs(400_100)).toBeLessThanOrEqual(30_000)
})

test('a shorter wait does not take back a longer one', () => {
  const manners = createManners('h', undefined, () => {})
  manners.heard(tooMany(60_000), 0, 100)
  manners.heard(tooMany(1_000), 50, 200)
  expect(manners.pausedForMs(200)).toBe(59_900)
})

test('a new owner keeps away from a host that refused the old one', () => {
  const manners = createManners('h', 1_000, () => {})
  expect(manners.pausedForMs(2_000)).toBeGreaterThanOrEqual(14_000)
  expect(manners.pausedForMs(31_000)).toBe(0)
})
