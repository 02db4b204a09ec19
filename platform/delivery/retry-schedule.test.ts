import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nextAttempt } from './retry-schedule.ts'

/** Standard Webhooks 1.0.0: the waits after the first to the ninth failure, seconds. */
const waitsS = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]
const failedAtMs = Date.parse('2026-04-20T08:00:00Z')

function waitMs(messageId: string, failures: number, afterMs?: number): number {
  const next = nextAttempt({ messageId, failures, failedAtMs, ...(afterMs !== undefined && { afterMs }) })
  if (next.kind !== 'retry') throw new Error('given up')
  return next.atMs - failedAtMs
}

test('each of nine failures has its wait, a tenth longer or shorter at the most', () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 1, max: 9 }), (messageId, failures) => {
      const meanMs = waitsS[failures - 1]! * 1_000
      const wait = waitMs(messageId, failures)
      return wait >= meanMs * 0.9 && wait <= meanMs * 1.1 && wait === waitMs(messageId, failures)
    }),
  )
})

test('the tenth failure is the last', () => {
  expect(nextAttempt({ messageId: 'a', failures: 10, failedAtMs })).toEqual({ kind: 'given-up' })
  expect(nextAttempt({ messageId: 'a', failures: 11, failedAtMs, afterMs: 1 })).toEqual({ kind: 'given-up' })
})

test('messages that failed together are tried apart', () => {
  const waits = Array.from({ length: 1_000 }, (_, index) => waitMs(`message-${index}`, 2))
  expect(new Set(waits).size).toBeGreaterThan(900)
  expect(Math.min(...waits)).toBeLessThan(275_000)
  expect(Math.max(...waits)).toBeGreaterThan(325_000)
})

test('Retry-After lengthens a wait and never shortens it', () => {
  expect(waitMs('a', 1, 60_000)).toBe(60_000)
  expect(waitMs('a', 4, 60_000)).toBe(waitMs('a', 4))
  expect(waitMs('a', 4, 0)).toBe(waitMs('a', 4))
})

test('ten attempts take four days at the most, and ten if a receiver asks for a day each time', () => {
  const dayMs = 86_400_000
  const total = (messageId: string, afterMs?: number) =>
    waitsS.reduce((sum, _, at) => sum + waitMs(messageId, at + 1, afterMs), 0)
  fc.assert(
    fc.property(fc.string(), (messageId) => {
      expect(total(messageId)).toBeLessThan(4 * dayMs)
      expect(total(messageId, dayMs)).toBeLessThan(10 * dayMs)
      expect(total(messageId, dayMs)).toBeGreaterThanOrEqual(9 * dayMs)
    }),
  )
})
