import { expect, test } from 'vitest'
import { settledInstant } from './settled.ts'

const nowMs = Date.parse('2026-11-27T12:00:00Z')
const host = { host: 'h', atMs: nowMs - 30_000, state: 'owned', settledToMs: nowMs - 40_000 }

test('is now where no poller has said anything, or none owns a host', () => {
  expect(settledInstant([], [], nowMs)).toEqual({ atMs: nowMs, basis: 'now', host: null })
  const gone = [
    { ...host, state: 'released' },
    { ...host, atMs: nowMs - 150_000 },
  ]
  expect(settledInstant(gone, [], nowMs)).toEqual({ atMs: nowMs, basis: 'settled', host: null })
})

test('is not after what the slowest owner has settled', () => {
  const slow = { ...host, host: 'slow', settledToMs: nowMs - 90_000 }
  expect(settledInstant([host, slow], [], nowMs)).toEqual({ atMs: nowMs - 90_000, basis: 'settled', host: 'slow' })
})

test('does not lie between the arrival of an answer and the moment when the store had it', () => {
  const at = (arrivals: [number, number | null][]) => {
    const told = arrivals.map(([known, stored]) => ({
      knownMs: nowMs + known * 1_000,
      storedMs: stored === null ? null : nowMs + stored * 1_000,
    }))
    return (settledInstant([host], told, nowMs).atMs - nowMs) / 1_000
  }
  expect(at([[-60, -50]])).toBe(-40)
  expect(at([[-45, -38]])).toBe(-45.001)
  // The older one was under way at the instant before the newer one arrived, too.
  expect(
    at([
      [-45, -38],
      [-50, -44],
    ]),
  ).toBe(-50.001)
  expect(
    at([
      [-50, null],
      [-30, null],
    ]),
  ).toBe(-50.001)
  // What does not come for 10 minutes is a fault, and holds nothing back.
  expect(at([[-640, null]])).toBe(-40)
  expect(at([[-639, null]])).toBe(-639.001)
})
