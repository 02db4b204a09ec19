import { expect, test } from 'vitest'
import { createManners } from './manners.ts'

const tooMany = (retryAfterMs?: number) => ({ failed: true, status: 429, retryAfterMs })
const fine = { failed: false, status: 200, retryAfterMs: undefined }

test('Retry-After is obeyed to the ms, for 429 and for 503', () => {
  for (const status of [429, 503]) {
    const manners = createManners('h', undefined, () => {})
    manners.heard({ failed: true, status, retryAfterMs: 7_000 }, 0, 100)
    expect(manners.pausedForMs(100)).toBe(7_000)
    expect(manners.pausedForMs(7_100)).toBe(0)
  }
})

test('a 503 without it, and any other failure, pauses nobody', () => {
  const manners = createManners('h', undefined, () => {})
  for (const status of [503, 500, 404, null]) manners.heard({ failed: true, status, retryAfterMs: undefined }, 0, 100)
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
