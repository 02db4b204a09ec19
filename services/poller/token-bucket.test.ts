import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { RequestBudget } from '#sources/source.ts'
import { createTokenBucket, type TokenBucket } from './token-bucket.ts'

const minuteMs = 60_000
const jao: RequestBudget = { perMinute: 100, burst: 2, refillPerMinute: 96, maxInFlight: 8 }

/** The maximum number of arrivals in any half-open minute. */
function busiestMinute(arrivals: readonly number[]): number {
  const sorted = [...arrivals].sort((one, other) => one - other)
  let first = 0
  let busiest = 0
  sorted.forEach((arrival, last) => {
    while ((sorted[first] ?? arrival) <= arrival - minuteMs) first++
    busiest = Math.max(busiest, last - first + 1)
  })
  return busiest
}

test('starts empty: the first request waits for one token', () => {
  const bucket = createTokenBucket(jao, 0)
  expect(bucket.waitMs(0)).toBe(625)
  expect(bucket.waitMs(625)).toBe(0)
})

test('after a rest it gives the burst at once and then one after another', () => {
  const bucket = createTokenBucket(jao, 0)
  bucket.send(10 * minuteMs)
  bucket.send(10 * minuteMs)
  expect(bucket.waitMs(10 * minuteMs)).toBe(625)
  expect(() => bucket.send(10 * minuteMs)).toThrow('before the budget allows it')
})

test('no more in flight than allowed; the end of one frees a place', () => {
  const bucket = createTokenBucket({ ...jao, burst: 20 }, -minuteMs)
  const done = Array.from({ length: 8 }, () => bucket.send(0))
  expect(bucket.waitMs(0)).toBe(Number.POSITIVE_INFINITY)
  done[0]?.(10)
  done[0]?.(11)
  expect(bucket.inFlight()).toBe(7)
  expect(bucket.waitMs(20_000)).toBe(0)
})

test('what others sent counts until it is a minute old, ghosts from the take-over on', () => {
  const seeds = Array.from({ length: 92 }, (_, index) => index * 100)
  const bucket = createTokenBucket(jao, 10_000, seeds, 8)
  expect(bucket.sentLastMinute(10_000)).toBe(100)
  expect(bucket.waitMs(11_000)).toBe(minuteMs + 1 - 11_000)
  expect(bucket.waitMs(minuteMs + 1)).toBe(0)
  expect(bucket.sentLastMinute(minuteMs + 1)).toBe(99)
})

test('a monotonic clock that stands still, or is read out of order, gives no tokens', () => {
  const bucket = createTokenBucket(jao, 1_000)
  expect(bucket.waitMs(900)).toBe(625)
  expect(bucket.waitMs(1_000)).toBe(625)
})

describe('no sliding minute exceeds the budget', () => {
  // The owner always has a request to send. A request reaches the host at any time between its sending and its end.
  type Trip = { takesMs: number; arrives: number; idleMs: number }
  interface Sent {
    arrivedAtMs: number
    doneAtMs: number
  }
  const trips = fc.array(
    fc.record({
      takesMs: fc.oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 40_000 })),
      arrives: fc.double({ min: 0, max: 1, noNaN: true }),
      idleMs: fc.oneof(
        { weight: 9, arbitrary: fc.constant(0) },
        { weight: 1, arbitrary: fc.integer({ min: 0, max: 90_000 }) },
      ),
    }),
    { minLength: 50, maxLength: 400 },
  )

  function own(bucket: TokenBucket, fromMs: number, untilMs: number, journeys: Iterator<Trip>) {
    const sent: (Sent & { end: (atMs: number) => void })[] = []
    let nowMs = fromMs
    for (;;) {
      for (const { doneAtMs, end } of sent) if (doneAtMs <= nowMs) end(doneAtMs)
      const nextDoneMs = Math.min(
        Number.POSITIVE_INFINITY,
        ...sent.map((trip) => trip.doneAtMs).filter((at) => at > nowMs),
      )
      const waitMs = bucket.waitMs(nowMs)
      if (waitMs > 0) {
        nowMs = Math.min(nowMs + waitMs, nextDoneMs)
        if (nowMs >= untilMs) return { sent, endedAtMs: untilMs }
        continue
      }
      const trip = journeys.next()
      if (trip.done) return { sent, endedAtMs: nowMs }
      const end = bucket.send(nowMs)
      const { takesMs, arrives, idleMs } = trip.value
      sent.push({ arrivedAtMs: nowMs + Math.floor(takesMs * arrives), doneAtMs: nowMs + takesMs, end })
      nowMs = Math.min(nowMs + idleMs, nextDoneMs)
      if (nowMs >= untilMs) return { sent, endedAtMs: untilMs }
    }
  }

  const budgets = fc.record({
    perMinute: fc.constantFrom(5, 20, 100),
    burst: fc.integer({ min: 1, max: 12 }),
    refillPerMinute: fc.integer({ min: 3, max: 300 }),
    maxInFlight: fc.integer({ min: 1, max: 8 }),
  })

  test('as the host counts, for one owner and any budget, however long requests take', () => {
    fc.assert(
      fc.property(budgets, trips, (budget, journeys) => {
        const { sent } = own(createTokenBucket(budget, 0), 0, Number.POSITIVE_INFINITY, journeys[Symbol.iterator]())
        expect(sent.length).toBe(journeys.length)
        expect(busiestMinute(sent.map(({ arrivedAtMs }) => arrivedAtMs))).toBeLessThanOrEqual(budget.perMinute)
      }),
      { numRuns: 150 },
    )
  })

  test('across a take-over: the next owner sees what was recorded, never what was in flight', () => {
    fc.assert(
      fc.property(
        budgets,
        trips,
        fc.integer({ min: 1, max: 120_000 }),
        fc.integer({ min: 0, max: 20_000 }),
        (given, journeys, heldMs, gapMs) => {
          const budget = { ...given, perMinute: Math.max(given.perMinute, given.maxInFlight + 1) }
          const all = journeys[Symbol.iterator]()
          const first = own(createTokenBucket(budget, 0), 0, heldMs, all)
          const takenAtMs = first.endedAtMs + gapMs
          const recorded = first.sent.filter(({ doneAtMs }) => doneAtMs <= first.endedAtMs)
          const unrecorded = first.sent.filter(({ doneAtMs }) => doneAtMs > first.endedAtMs)
          // The old owner's fetches have ended when the group reassigns its partitions.
          for (const lost of unrecorded) lost.arrivedAtMs = Math.min(lost.arrivedAtMs, takenAtMs)
          const seeds = recorded.map(({ doneAtMs }) => doneAtMs)
          const bucket = createTokenBucket(budget, takenAtMs, seeds, budget.maxInFlight)
          const second = own(bucket, takenAtMs, Number.POSITIVE_INFINITY, all)
          const arrivals = [...first.sent, ...second.sent].map(({ arrivedAtMs }) => arrivedAtMs)
          expect(busiestMinute(arrivals)).toBeLessThanOrEqual(budget.perMinute)
        },
      ),
      { numRuns: 150 },
    )
  })

  test('and JAO’s budget is used: at least 95 of 100 requests a minute when they are quick', () => {
    const quick = Array.from({ length: 1_000 }, () => ({ takesMs: 200, arrives: 0.5, idleMs: 0 }))
    const { sent } = own(createTokenBucket(jao, 0), 0, Number.POSITIVE_INFINITY, quick[Symbol.iterator]())
    const lastMs = sent.at(-1)?.arrivedAtMs ?? 0
    expect((sent.length / lastMs) * minuteMs).toBeGreaterThan(95)
  })
})
