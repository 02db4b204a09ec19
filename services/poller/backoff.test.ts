import { expect, test } from 'vitest'
import { hostPauseMs, retryDelayMs } from './backoff.ts'

test('delays double with each failure up to the lane’s longest, never under half of it', () => {
  const ceilings = {
    live: [60_000, 120_000, 240_000, 300_000, 300_000],
    requested: [5_000, 10_000, 20_000, 40_000, 60_000],
  }
  for (const [lane, expected] of Object.entries(ceilings) as ['live' | 'requested', number[]][]) {
    expected.forEach((ceiling, index) => {
      const delayMs = retryDelayMs(lane, 'i', index + 1)
      expect(delayMs).toBeGreaterThanOrEqual(ceiling / 2)
      expect(delayMs).toBeLessThanOrEqual(ceiling)
    })
  }
})

test('the jitter differs from window to window and is the same for the same question', () => {
  const delays = Array.from({ length: 50 }, (_, index) => retryDelayMs('background', `window ${index}`, 3))
  expect(new Set(delays).size).toBeGreaterThan(40)
  expect(retryDelayMs('background', 'window 1', 3)).toBe(delays[1])
})

test('a pause is as long as Retry-After says, up to a day; without it each pause is longer', () => {
  expect(hostPauseMs('h', 7_000, 3)).toBe(7_000)
  expect(hostPauseMs('h', 0, 3)).toBe(0)
  expect(hostPauseMs('h', 1e15, 1)).toBe(86_400_000)
  expect(hostPauseMs('h', undefined, 1)).toBeLessThanOrEqual(30_000)
  expect(hostPauseMs('h', undefined, 1)).toBeGreaterThanOrEqual(15_000)
  expect(hostPauseMs('h', undefined, 9)).toBeLessThanOrEqual(600_000)
  expect(hostPauseMs('h', undefined, 9)).toBeGreaterThanOrEqual(300_000)
})
