import { expect, test } from 'vitest'
import { settledInstant } from './settled.ts'

const nowMs = Date.parse('2026-11-27T12:00:00Z')
const host = { host: 'h', atMs: nowMs - 30_000, state: 'owned', settledToMs: nowMs - 40_000 }

test('is now where nobody has said anything', () => {
  expect(settledInstant([], [], nowMs)).toEqual({ atMs: nowMs, basis: 'now', host: null })
  const later = { ...host, atMs: nowMs + 1 }
  expect(settledInstant([later], [], nowMs)).toEqual({ atMs: nowMs, basis: 'now', host: null })
})

test('is not after what the store heard last, because its sink may be behind', () => {
  const hour = 3_600_000
  const released = { ...host, host: 'released', atMs: nowMs - hour, settledToMs: nowMs - hour, state: 'released' }
  expect(settledInstant([released], [], nowMs)).toEqual({ atMs: nowMs - hour, basis: 'settled', host: 'released' })
  const behind = { ...host, atMs: nowMs - hour - 1, settledToMs: nowMs - hour - 5 }
  expect(settledInstant([released, behind], [], nowMs)).toEqual({ atMs: nowMs - hour - 5, basis: 'settled', host: 'h' })
})

test('goes on without the poller that says nothing any more, if somebody else is heard', () => {
  const gone = { ...host, atMs: nowMs - 180_000, settledToMs: nowMs - 190_000 }
  const monitor = { host: 'm', atMs: nowMs - 30_000, state: 'owned', settledToMs: nowMs - 30_000 }
  expect(settledInstant([gone, monitor], [], nowMs)).toEqual({ atMs: nowMs - 30_000, basis: 'settled', host: 'm' })
  const spoke = { ...gone, atMs: nowMs - 179_999 }
  expect(settledInstant([spoke, monitor], [], nowMs)).toEqual({ atMs: nowMs - 190_000, basis: 'settled', host: 'h' })
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
