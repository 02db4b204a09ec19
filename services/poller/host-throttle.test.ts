import { expect, test } from 'vitest'
import type { FetchResult } from './fetch.ts'
import { createHostThrottle } from './host-throttle.ts'

const failure = (status: number | null, retryAfterMs?: number): FetchResult => ({
  kind: 'failure',
  error: '',
  status,
  firstKilobyte: null,
  ...(retryAfterMs !== undefined && { retryAfterMs }),
})
const tooMany = (retryAfterMs?: number) => failure(429, retryAfterMs)
const fine: FetchResult = { kind: 'answer', status: 200, headers: {}, body: Buffer.alloc(0) }

test('Retry-After is obeyed to the ms, for 429 and for 503', () => {
  for (const status of [429, 503]) {
    const manners = createHostThrottle('h', undefined, () => {})
    manners.onResponse(failure(status, 7_000), 0, 100)
    expect(manners.pausedForMs(100)).toBe(7_000)
    expect(manners.pausedForMs(7_100)).toBe(0)
  }
})

test('a refusal of any status that says for how long is obeyed, a meaningful one too; up to 24 hours', () => {
  for (const status of [301, 400, 403, 413, 418, 500]) {
    const manners = createHostThrottle('h', undefined, () => {})
    expect(manners.onResponse(failure(status, 180_000), 0, 100)).toBe(true)
    expect([manners.pausedForMs(100), manners.reason(100)]).toEqual([180_000, `${status}, Retry-After 180`])
  }
  const manners = createHostThrottle('h', undefined, () => {})
  manners.onResponse({ ...fine, status: 400, retryAfterMs: 1_500 }, 0, 100)
  expect([manners.pausedForMs(100), manners.reason(100)]).toEqual([1_500, '400, Retry-After 2'])
  manners.onResponse(failure(418, 3 * 86_400_000), 0, 100)
  expect(manners.pausedForMs(100)).toBe(86_400_000)
  expect(manners.reason(100)).toBe('418, Retry-After 259200, of which 24 hours are obeyed')
})

test('a 503 without it, and any other failure, pauses nobody', () => {
  const manners = createHostThrottle('h', undefined, () => {})
  for (const status of [503, 500, 404, 403, null]) expect(manners.onResponse(failure(status), 0, 100)).toBe(false)
  expect(manners.onResponse(fine, 0, 100)).toBe(false)
  expect([manners.pausedForMs(100), manners.reason(100)]).toEqual([0, undefined])
})

test('418 without it is a ban: two minutes at the least, longer from time to time, 24 hours at the most', () => {
  const manners = createHostThrottle('h', undefined, () => {})
  manners.onResponse(failure(418), 0, 100)
  expect(manners.pausedForMs(100)).toBeGreaterThanOrEqual(120_000)
  expect(manners.pausedForMs(100)).toBeLessThanOrEqual(240_000)
  expect(manners.reason(100)).toBe('418 without Retry-After')
  for (let time = 1; time < 20; time++) manners.onResponse(failure(418), time * 90_000_000, time * 90_000_000 + 100)
  expect(manners.pausedForMs(19 * 90_000_000 + 100)).toBeGreaterThanOrEqual(43_200_000)
  expect(manners.pausedForMs(19 * 90_000_000 + 100)).toBeLessThanOrEqual(86_400_000)
})

test('429 without it: longer from time to time, but those under way at the first count once', () => {
  const manners = createHostThrottle('h', undefined, () => {})
  for (let request = 0; request < 8; request++) manners.onResponse(tooMany(), request, 100 + request)
  expect(manners.pausedForMs(107)).toBeLessThanOrEqual(30_000)
  manners.onResponse(tooMany(), 60_000, 60_100)
  expect(manners.pausedForMs(60_100)).toBeGreaterThanOrEqual(30_000)
})

test('a good answer ends the count', () => {
  const manners = createHostThrottle('h', undefined, () => {})
  manners.onResponse(tooMany(), 0, 100)
  manners.onResponse(tooMany(), 100_000, 100_100)
  manners.onResponse(fine, 300_000, 300_100)
  manners.onResponse(tooMany(), 400_000, 400_100)
  expect(manners.pausedForMs(400_100)).toBeLessThanOrEqual(30_000)
})

test('a shorter wait does not take back a longer one', () => {
  const manners = createHostThrottle('h', undefined, () => {})
  manners.onResponse(tooMany(60_000), 0, 100)
  manners.onResponse(tooMany(1_000), 50, 200)
  expect(manners.pausedForMs(200)).toBe(59_900)
})

test('a new owner keeps away from a host that refused the old one, and counts on', () => {
  const told: number[] = []
  const before = { untilMs: 61_000, setAtMs: 1_000, reason: '429 without Retry-After', inARow: 3 }
  const manners = createHostThrottle('h', before, (ms) => told.push(ms))
  expect([manners.pausedForMs(1_000), manners.reason(1_000), told]).toEqual([60_000, before.reason, [60_000]])
  expect([manners.pausedForMs(61_000), manners.reason(61_000)]).toEqual([0, undefined])
  // The fourth refusal in a row: 30 s doubled three times, and the jitter takes off at most a half.
  manners.onResponse(tooMany(), 61_000, 61_100)
  expect(manners.pausedForMs(61_100)).toBeGreaterThanOrEqual(120_000)
})

test('a pause that is lifted is over at once, and an upstream that says it again pauses again', () => {
  const told: number[] = []
  const manners = createHostThrottle('h', undefined, (ms) => told.push(ms))
  manners.onResponse(tooMany(7_200_000), 0, 100)
  manners.lift(5_000)
  expect([manners.pausedForMs(5_000), manners.reason(5_000), told]).toEqual([0, undefined, [7_200_000, 0]])
  manners.onResponse(tooMany(60_000), 5_001, 5_100)
  expect(manners.pausedForMs(5_100)).toBe(60_000)
})
