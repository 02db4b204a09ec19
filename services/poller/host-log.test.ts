import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { createLogger } from '#platform/process/log.ts'
import type { HostLog } from '#schemas/generated/records.ts'
import { createHostLogWriter, createUnsettledPolls, isWorthTelling } from './host-log.ts'

test('whatever is under way, all answers that came before settledTo are settled, and none comes before it later', () => {
  const event = fc.record({
    what: fc.constantFrom('send', 'receive', 'receive again', 'settle', 'ask'),
    nth: fc.nat(9),
    passedMs: fc.nat(3),
  })
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      const unsettled = createUnsettledPolls()
      const polls: { handle: ReturnType<typeof unsettled.begin>; receivedAt: number[]; isSettled: boolean }[] = []
      const told: number[] = []
      let nowMs = 1_000
      for (const { what, nth, passedMs } of events) {
        nowMs += passedMs
        const poll = polls[nth % Math.max(1, polls.length)]
        if (what === 'send') polls.push({ handle: unsettled.begin(), receivedAt: [], isSettled: false })
        if (poll === undefined || poll.isSettled) continue
        if (what === 'receive' || what === 'receive again') {
          poll.handle.received(nowMs)
          poll.receivedAt.push(nowMs)
          for (const settledTo of told) expect(nowMs).toBeGreaterThanOrEqual(settledTo)
        }
        if (what === 'settle') {
          poll.handle.settled()
          poll.isSettled = true
        }
        if (what !== 'ask') continue
        const open = polls.filter(({ isSettled }) => !isSettled).flatMap(({ receivedAt }) => receivedAt)
        // The first answer that is open decides; without one, the present does.
        expect(unsettled.settledTo(nowMs)).toBe(open.length === 0 ? nowMs : Math.min(...open) - 1)
        told.push(unsettled.settledTo(nowMs))
      }
    }),
  )
})

test('a record is due after a minute of its clock, and at once when ownership or a pause begins, changes or ends', () => {
  const at = (nowMs: number, monotonicMs: number, realMs: number) => ({ moment: { nowMs, monotonicMs }, realMs })
  const quiet = { ...at(1_000, 0, 1_000), pausedUntil: null, pauseReason: null }
  const paused = { ...quiet, pausedUntil: 9_000_000, pauseReason: '429 without Retry-After' }
  const cases: [Parameters<typeof isWorthTelling>, boolean][] = [
    [[undefined, quiet], true],
    [[quiet, { ...quiet, ...at(60_999, 59_999, 60_999) }], false],
    [[quiet, { ...quiet, ...at(61_000, 60_000, 61_000) }], true],
    // A clock that was set back; one that leapt; one that runs at 1,000 times the speed of real time.
    [[quiet, { ...quiet, ...at(500, 60_000, 61_000) }], true],
    [[quiet, { ...quiet, ...at(3_601_000, 1_000, 2_000) }], true],
    [[quiet, { ...quiet, ...at(901_000, 900_000, 1_900) }], false],
    [[quiet, { ...quiet, ...at(1_001_000, 1_000_000, 2_000) }], true],
    [[quiet, paused], true],
    // The end of a pause is computed anew each time, so it moves by some milliseconds.
    [[paused, { ...paused, pausedUntil: 9_000_003 }], false],
    [[paused, { ...paused, pausedUntil: 8_999_998 }], false],
    [[paused, { ...paused, pausedUntil: 9_060_001 }], true],
    [[paused, { ...paused, pauseReason: '418, Retry-After 900' }], true],
    [[paused, quiet], true],
  ]
  for (const [given, expected] of cases) expect([given, isWorthTelling(...given)]).toEqual([given, expected])
})

const record = (at: number): HostLog => ({
  ...{ host: 'h', at, poller: 'me', state: 'owned', waitingForBudget: 0, dueRequests: 0 },
  ...{ pausedUntil: null, pauseReason: null, settledTo: at },
})

test('what Kafka does not take is sent with the next record, in order, and nobody waits for it', async () => {
  let isAway = true
  const sent: number[][] = []
  const tried = vi.fn()
  const writer = createHostLogWriter(
    async (records) => {
      tried()
      if (isAway) throw new Error('Kafka does not answer')
      sent.push(records.map(({ at }) => at))
    },
    createLogger('test', 'silent'),
  )
  writer.write(record(1))
  await writer.flushed()
  writer.write(record(2))
  writer.write(record(3))
  await writer.flushed()
  expect([tried.mock.calls.length, sent]).toEqual([2, []])
  isAway = false
  writer.write(record(4))
  await writer.flushed()
  writer.write(record(5))
  await writer.flushed()
  expect(sent).toEqual([[1, 2, 3, 4], [5]])
})

test('records of a send that hangs neither get lost nor overtake it; the oldest go when there are too many', async () => {
  const hanging = Promise.withResolvers<void>()
  const sends = [hanging.promise, Promise.resolve()]
  const sent: number[][] = []
  const writer = createHostLogWriter(
    async (records) => {
      await sends.shift()
      sent.push(records.map(({ at }) => at))
    },
    createLogger('test', 'silent'),
    3,
  )
  for (let at = 1; at <= 5; at++) writer.write(record(at))
  hanging.resolve()
  await writer.flushed()
  expect(sent).toEqual([[1], [3, 4, 5]])
})
