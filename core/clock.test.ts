import fc from 'fast-check'
import { expect, test } from 'vitest'
import { followingClock, liveClock } from './clock.ts'

/** Machine clocks that the test moves. */
function machine(wallMs: number) {
  const state = { wallMs, monotonicMs: 1_000 }
  return {
    readings: { wallMs: () => state.wallMs, monotonicMs: () => state.monotonicMs },
    pass: (ms: number) => {
      state.wallMs += ms
      state.monotonicMs += ms
    },
    step: (ms: number) => {
      state.wallMs += ms
    },
  }
}

test('the live clock is the machine’s, also after a step forwards; the monotonic part does not step', () => {
  const { readings, pass, step } = machine(10_000)
  const clock = liveClock(readings)
  pass(500)
  expect(clock.now()).toEqual({ nowMs: 10_500, monotonicMs: 500 })
  step(3_600_000)
  expect(clock.now()).toEqual({ nowMs: 3_610_500, monotonicMs: 500 })
})

test('after a step back the live clock goes on, slower, until the machine has caught up', () => {
  const { readings, pass, step } = machine(10_000_000)
  const clock = liveClock(readings)
  step(-60_000)
  expect(clock.now().nowMs).toBe(10_000_000)
  pass(10_000)
  expect(clock.now()).toEqual({ nowMs: 10_005_000, monotonicMs: 10_000 })
  for (let second = 0; second < 110; second++) {
    pass(1_000)
    clock.now()
  }
  expect(clock.now().nowMs).toBe(10_060_000)
})

test('whatever the machine does, neither part of the live clock runs backwards', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(100_000), fc.integer({ min: -1_000_000, max: 1_000_000 }))), (moves) => {
      const { readings, pass, step } = machine(1_000_000_000)
      const clock = liveClock(readings)
      let before = clock.now()
      for (const [ms, by] of moves) {
        pass(ms)
        step(by)
        const now = clock.now()
        expect(now.nowMs).toBeGreaterThanOrEqual(before.nowMs)
        expect(now.monotonicMs - before.monotonicMs).toBe(ms)
        before = now
      }
    }),
  )
})

test('a simulated clock goes on at its speed between readings, and sleeps are shorter by it', () => {
  const { readings, pass } = machine(0)
  const clock = followingClock({ nowMs: 5_000_000, speed: 60 }, readings)
  pass(1_000)
  expect(clock.now()).toEqual({ nowMs: 5_060_000, monotonicMs: 60_000 })
  expect(clock.realMs(60_000)).toBe(1_000)
  expect(clock.spanMs(1_000)).toBe(60_000)
})

test('setting the simulator forwards moves the time but not the budget’s clock', () => {
  const { readings, pass } = machine(0)
  const clock = followingClock({ nowMs: 5_000_000, speed: 10 }, readings)
  pass(1_000)
  clock.follow({ nowMs: 99_000_000, speed: 10 })
  expect(clock.now()).toEqual({ nowMs: 99_000_000, monotonicMs: 10_000 })
  pass(1_000)
  expect(clock.now()).toEqual({ nowMs: 99_010_000, monotonicMs: 20_000 })
})

test('a simulator that is set back, stopped or slowed never takes the time back', () => {
  const { readings, pass } = machine(0)
  const clock = followingClock({ nowMs: 5_000_000, speed: 10 }, readings)
  pass(1_000)
  expect(clock.now().nowMs).toBe(5_010_000)
  clock.follow({ nowMs: 4_000_000, speed: 0 })
  pass(10_000)
  expect(clock.now()).toEqual({ nowMs: 5_010_000, monotonicMs: 10_000 })
  expect(clock.realMs(1)).toBe(Number.POSITIVE_INFINITY)
})
