import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Poll } from '#schemas/generated/records.ts'
import { createRecentPolls, pauseLeft } from './recent-polls.ts'
import { createTokenBucket } from './token-bucket.ts'

const budget = { perMinute: 20, burst: 1, refillPerMinute: 19, maxInFlight: 8 }
const poll = (more: Partial<Poll> = {}): Poll =>
  ({
    host: 'h',
    status: 200,
    outcome: 'changed',
    sentAt: 0,
    fetchedAt: 0,
    pausedUntil: null,
    pauseReason: null,
    ...more,
  }) as Poll
const hourMs = 3_600_000
const dayMs = 24 * hourMs
const real = (ms: number) => ms

/**
 * Sends whatever the budget lets through for two minutes from `fromMs` on, each request as long as the next of `tookMs`.
 * Gives when each ended, true time; those that were still under way end with the two minutes.
 */
function sendAll(bucket: ReturnType<typeof createTokenBucket>, fromMs: number, tookMs: readonly number[]) {
  const endMs = fromMs + 120_000
  const ended: number[] = []
  let underWay: { endsAtMs: number; done: (atMs: number) => void }[] = []
  for (let sent = 0, nowMs = fromMs; nowMs < endMs; nowMs += 50) {
    for (const { endsAtMs, done } of underWay.filter((request) => request.endsAtMs <= nowMs)) {
      done(endsAtMs)
      ended.push(endsAtMs)
    }
    underWay = underWay.filter(({ endsAtMs }) => endsAtMs > nowMs)
    while (bucket.waitMs(nowMs) === 0) {
      const done = bucket.send(nowMs)
      underWay.push({ endsAtMs: nowMs + (tookMs[sent++ % tookMs.length] ?? 0), done })
    }
  }
  return { ended, underWay: underWay.map(() => endMs) }
}

const busiestMinute = (times: readonly number[]): number =>
  Math.max(...times.map((end) => times.filter((at) => at > end - 60_000 && at <= end).length))

test('however far apart the clocks of the broker and of pollers are, no sliding minute exceeds the budget at a take-over', () => {
  const ahead = fc.integer({ min: -dayMs, max: dayMs })
  const took = fc.array(fc.integer({ min: 1, max: 25_000 }), { minLength: 1, maxLength: 60 })
  fc.assert(
    fc.property(ahead, took, fc.integer({ min: 0, max: 400 }), (brokerAheadMs, tookMs, readMs) => {
      const before = sendAll(createTokenBucket(budget, 0), 0, tookMs)
      let monotonicMs = 7
      const recent = createRecentPolls(() => monotonicMs)
      for (const [offset, endedMs] of before.ended.entries()) {
        recent.seen(poll({ sentAt: endedMs }), { partition: 0, offset, writtenAtMs: endedMs + brokerAheadMs })
      }
      monotonicMs += readMs
      const nowMs = 120_000 + readMs
      const seeds = recent.of('h').endedAgoMs.map((agoMs) => nowMs - agoMs)
      // What the old one had under way reached the host as late as can be, what the new one sends as early.
      const after = sendAll(createTokenBucket(budget, nowMs, seeds, budget.maxInFlight), nowMs, [1])
      expect(after.ended.length).toBeGreaterThan(10)
      expect(busiestMinute([...before.ended, ...before.underWay, ...after.ended])).toBeLessThanOrEqual(budget.perMinute)
    }),
    { numRuns: 40 },
  )
})

test('the newest record counts as ended when it was read, the others by the time that the broker saw between them', () => {
  let monotonicMs = 500
  const recent = createRecentPolls(() => monotonicMs)
  const seen = (offset: number, writtenAtMs: number, partition = 0, host = 'h') =>
    recent.seen(poll({ host }), { partition, offset, writtenAtMs })
  seen(0, 1_000)
  seen(1, 4_000)
  seen(1, 4_000)
  seen(2, 9_000, 0, 'another host of the partition')
  seen(0, 999_000, 3, 'a host of another partition')
  monotonicMs += 100
  expect(recent.of('h').endedAgoMs).toEqual([8_100, 5_100])
  expect(recent.of('none')).toEqual({ endedAgoMs: [], pauses: [] })
  // The broker's clock stepped back: nothing ended in the future.
  seen(3, 2_000)
  expect(recent.of('h').endedAgoMs).toEqual([8_100, 5_100, 7_100])
})

const at = (offset: number, writtenAtMs: number) => ({ partition: 0, offset, writtenAtMs })
const paused = (sentAt: number, pausedUntil: number, pauseReason = '429, Retry-After 7200') =>
  poll({ outcome: 'failed', status: 429, sentAt, fetchedAt: sentAt, pausedUntil, pauseReason })

test('the pause of the newest owner is left, whatever was answered since, until it was to end', () => {
  const recent = createRecentPolls(() => 0)
  recent.seen(paused(hourMs, 3 * hourMs), at(0, 50_000_000))
  recent.seen(poll({ sentAt: hourMs - 10 }), at(1, 50_000_100))
  const { pauses } = recent.of('h')
  expect(pauseLeft(pauses, 2 * hourMs, real)).toEqual({ forMs: hourMs, reason: '429, Retry-After 7200', inARow: 1 })
  expect(pauseLeft(pauses, 3 * hourMs, real)).toBe(undefined)
  expect(pauseLeft([], 0, real)).toBe(undefined)
})

test('a shorter pause that was recorded later does not take back a longer one', () => {
  const recent = createRecentPolls(() => 0)
  recent.seen(paused(0, 2 * hourMs, 'long'), at(0, 0))
  recent.seen(paused(0, 1_000, 'short'), at(1, 0))
  expect(pauseLeft(recent.of('h').pauses, 500, real)).toMatchObject({ forMs: 2 * hourMs - 500, reason: 'long' })
})

test('no record and no clock pauses a host for more than 24 hours, and a record from the future not for ever', () => {
  const recent = createRecentPolls(() => 0)
  const future = Date.parse('2100-01-01')
  recent.seen(paused(future, future + 7 * dayMs), at(0, 0))
  expect(pauseLeft(recent.of('h').pauses, 0, real)?.forMs).toBe(dayMs)
  // The broker has seen 23 hours pass since.
  recent.seen(poll(), at(1, 23 * hourMs))
  expect(pauseLeft(recent.of('h').pauses, 0, real)?.forMs).toBe(hourMs)
  recent.seen(poll(), at(2, 25 * hourMs))
  expect(pauseLeft(recent.of('h').pauses, 0, real)).toBe(undefined)
  fc.assert(
    fc.property(fc.maxSafeInteger(), fc.maxSafeInteger(), fc.maxSafeInteger(), (sentAt, until, nowMs) => {
      const any = createRecentPolls(() => 0)
      any.seen(paused(sentAt, until), at(0, 0))
      const left = pauseLeft(any.of('h').pauses, nowMs, real)
      expect(left === undefined || (left.forMs > 0 && left.forMs <= dayMs)).toBe(true)
    }),
  )
})

test('a lift that Kafka took after the pause ends it, whichever is read first; a later pause holds', () => {
  for (const liftFirst of [true, false]) {
    const recent = createRecentPolls(() => 0)
    const lift = () => recent.lifted('h', at(5, 2_000))
    if (liftFirst) lift()
    recent.seen(paused(0, hourMs, 'before'), at(0, 1_000))
    recent.seen(paused(0, hourMs, 'at the same time'), at(1, 2_000))
    if (!liftFirst) lift()
    expect(pauseLeft(recent.of('h').pauses, 0, real)).toBe(undefined)
    recent.seen(paused(10, hourMs, 'again'), at(2, 2_001))
    expect(pauseLeft(recent.of('h').pauses, 0, real)).toMatchObject({ reason: 'again', inARow: 1 })
  }
})

test('a lift is new once: one that is read again does not lift what came after it', () => {
  const recent = createRecentPolls(() => 0)
  expect(recent.lifted('h', at(5, 2_000))).toBe(true)
  expect(recent.lifted('h', at(5, 2_000))).toBe(false)
  expect(recent.lifted('h', at(4, 1_000))).toBe(false)
  expect(recent.lifted('h', at(6, 3_000))).toBe(true)
})

test('refusals in a row are counted: those under way at the first are no further ones, a good answer ends the count', () => {
  const recent = createRecentPolls(() => 0)
  let offset = 0
  const inARow = () => pauseLeft(recent.of('h').pauses, 0, real)?.inARow
  const refuse = (sentAt: number, fetchedAt: number) =>
    recent.seen({ ...paused(sentAt, dayMs), fetchedAt }, at(offset++, 0))
  refuse(0, 100)
  refuse(50, 120)
  expect(inARow()).toBe(1)
  refuse(30_000, 30_100)
  refuse(90_000, 90_100)
  expect(inARow()).toBe(3)
  recent.seen(poll({ sentAt: 80_000 }), at(offset++, 0))
  refuse(200_000, 200_100)
  expect(inARow()).toBe(4)
  recent.seen(poll({ sentAt: 300_000 }), at(offset++, 0))
  refuse(400_000, 400_100)
  expect(inARow()).toBe(1)
})
