import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { HostPause, Poll } from '#schemas/generated/records.ts'
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
 * Sends what the budget allows for two minutes from `fromMs` on. Requests take the times `tookMs`, in rotation. Returns
 * when each request ended; `underWay`: requests that were still in flight after the two minutes.
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
        recent.logged(poll({ sentAt: endedMs }), { partition: 0, offset, writtenAtMs: endedMs + brokerAheadMs })
      }
      monotonicMs += readMs
      const nowMs = 120_000 + readMs
      const seeds = recent.of('h').endedAgoMs.map((agoMs) => nowMs - agoMs)
      // The old owner's requests reach the host as late as possible, the new owner's as early as possible.
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
    recent.logged(poll({ host }), { partition, offset, writtenAtMs })
  seen(0, 1_000)
  seen(1, 4_000)
  seen(1, 4_000)
  seen(2, 9_000, 0, 'another host of the partition')
  seen(0, 999_000, 3, 'a host of another partition')
  monotonicMs += 100
  expect(recent.of('h').endedAgoMs).toEqual([8_100, 5_100])
  expect(recent.of('none')).toEqual({ endedAgoMs: [], pauses: [] })
  // The broker's clock stepped back, so no end may be in the future.
  seen(3, 2_000)
  expect(recent.of('h').endedAgoMs).toEqual([8_100, 5_100, 7_100])
})

const at = (offset: number, writtenAtMs: number) => ({ partition: 0, offset, writtenAtMs })
const pause = (sentAt: number, until: number, reason = '429, Retry-After 7200', recordedAt: number | null = null) => ({
  ...{ until, lengthMs: until - sentAt, reason, attempts: 1, recordedAt },
})
/** What is left of the pauses at `nowMs`, with a broker's clock that stands still. */
function leftOf(pauses: HostPause[], nowMs: number) {
  const recent = createRecentPolls(() => 0)
  recent.remembered(at(0, 50_000_000))
  recent.paused({ host: 'h', pauses }, at(0, 50_000_000))
  return pauseLeft(recent.of('h').pauses, nowMs, real)
}

test('a pause is left until it was to end', () => {
  const pauses = [pause(hourMs, 3 * hourMs)]
  expect(leftOf(pauses, 2 * hourMs)).toEqual({ forMs: hourMs, reason: '429, Retry-After 7200', inARow: 1 })
  expect(leftOf(pauses, 3 * hourMs)).toBe(undefined)
  expect(leftOf([], 0)).toBe(undefined)
})

test('a shorter pause that was recorded later does not take back a longer one', () => {
  const left = leftOf([pause(0, 2 * hourMs, 'long'), pause(0, 1_000, 'short')], 500)
  expect(left).toMatchObject({ forMs: 2 * hourMs - 500, reason: 'long' })
})

test('the newest record of a host counts, also where an older one is read again', () => {
  const recent = createRecentPolls(() => 0)
  recent.paused({ host: 'h', pauses: [pause(0, hourMs, 'first')] }, at(1, 0))
  recent.paused({ host: 'h', pauses: [pause(0, hourMs, 'second')] }, at(2, 0))
  recent.paused({ host: 'h', pauses: [pause(0, hourMs, 'first')] }, at(1, 0))
  expect(pauseLeft(recent.of('h').pauses, 0, real)).toMatchObject({ reason: 'second' })
})

test('no record and no clock pauses a host for more than 24 hours, and a record from the future not for ever', () => {
  const recent = createRecentPolls(() => 0)
  const future = Date.parse('2100-01-01')
  recent.remembered(at(0, 0))
  recent.paused({ host: 'h', pauses: [pause(future, future + 7 * dayMs)] }, at(0, 0))
  expect(pauseLeft(recent.of('h').pauses, 0, real)?.forMs).toBe(dayMs)
  // 23 hours have passed by the broker's clock.
  recent.remembered(at(1, 23 * hourMs))
  expect(pauseLeft(recent.of('h').pauses, 0, real)?.forMs).toBe(hourMs)
  recent.remembered(at(2, 25 * hourMs))
  expect(pauseLeft(recent.of('h').pauses, 0, real)).toBe(undefined)
  fc.assert(
    fc.property(fc.maxSafeInteger(), fc.maxSafeInteger(), fc.maxSafeInteger(), (sentAt, until, nowMs) => {
      const left = leftOf([pause(sentAt, until)], nowMs)
      expect(left === undefined || (left.forMs > 0 && left.forMs <= dayMs)).toBe(true)
    }),
  )
})

test('a pause that is carried over is as old as its poll was, not as its record', () => {
  const recent = createRecentPolls(() => 0)
  recent.remembered(at(0, 10 * hourMs))
  recent.paused({ host: 'h', pauses: [pause(0, dayMs, 'carried over', 4 * hourMs)] }, at(0, 10 * hourMs))
  expect(pauseLeft(recent.of('h').pauses, 0, real)?.forMs).toBe(18 * hourMs)
  recent.lifted('h', at(5, 4 * hourMs))
  expect(pauseLeft(recent.of('h').pauses, 0, real)).toBe(undefined)
})

test('a lift ends a pause that Kafka took before it, whichever is read first; a later pause holds', () => {
  for (const liftFirst of [true, false]) {
    const recent = createRecentPolls(() => 0)
    const lift = () => recent.lifted('h', at(5, 2_000))
    if (liftFirst) lift()
    recent.paused({ host: 'h', pauses: [pause(0, hourMs, 'at the same time')] }, at(1, 2_000))
    if (!liftFirst) lift()
    expect(pauseLeft(recent.of('h').pauses, 0, real)).toBe(undefined)
    recent.paused({ host: 'h', pauses: [pause(10, hourMs, 'again')] }, at(2, 2_001))
    expect(pauseLeft(recent.of('h').pauses, 0, real)).toMatchObject({ reason: 'again', inARow: 1 })
  }
})

test('a lift that is read again does not end a later pause', () => {
  const recent = createRecentPolls(() => 0)
  expect(recent.lifted('h', at(5, 2_000))).toBe(true)
  expect(recent.lifted('h', at(5, 2_000))).toBe(false)
  expect(recent.lifted('h', at(4, 1_000))).toBe(false)
  expect(recent.lifted('h', at(6, 3_000))).toBe(true)
})
