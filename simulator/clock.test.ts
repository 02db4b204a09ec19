import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createClock } from './clock.ts'

const machine = (wallMs: number) => {
  const at = { wallMs, monotonicMs: 500 }
  const pass = (ms: number) => {
    at.wallMs += ms
    at.monotonicMs += ms
  }
  return { at, pass, readings: { wallMs: () => at.wallMs, monotonicMs: () => at.monotonicMs } }
}

test('follows the machine clock until it is set, and holds still when that clock steps back', () => {
  const { at, pass, readings } = machine(1_000_000)
  const clock = createClock({ mode: 'machine' }, readings)
  expect(clock.nowMs()).toBe(1_000_000)
  pass(250)
  expect(clock.nowMs()).toBe(1_000_250)
  at.wallMs -= 10_000
  expect(clock.nowMs()).toBe(1_000_250)
})

test('once set it runs at its speed whatever the machine clock does', () => {
  const { at, pass, readings } = machine(1_000_000)
  const clock = createClock({ mode: 'machine' }, readings)
  expect(clock.change({ setMs: 5_000_000, speed: 60 })).toBeUndefined()
  pass(100)
  at.wallMs += 1_000_000
  expect(clock.nowMs()).toBe(5_006_000)
  expect(clock.speed()).toBe(60)
  expect(clock.change({ speed: 0 })).toBeUndefined()
  pass(100)
  expect(clock.nowMs()).toBe(5_006_000)
})

test('goes back only when that is allowed', () => {
  const { readings } = machine(1_000_000)
  const clock = createClock({ mode: 'machine' }, readings)
  expect(clock.change({ setMs: 999_999 })).toContain('does not go back')
  expect(clock.nowMs()).toBe(1_000_000)
  expect(clock.change({ setMs: 900_000, allowBackwards: true })).toBeUndefined()
  expect(clock.nowMs()).toBe(900_000)
})

test('a tick is later than every instant before it, and no later instant is earlier', () => {
  const { readings } = machine(1_000_000)
  const clock = createClock({ mode: 'machine' }, readings)
  expect([clock.nowMs(), clock.tickMs(), clock.tickMs(), clock.nowMs()]).toEqual([
    1_000_000, 1_000_001, 1_000_002, 1_000_002,
  ])
})

test('elapsed time follows the speed and ignores settings of the clock', () => {
  const { pass, readings } = machine(1_000_000)
  const clock = createClock({ mode: 'machine' }, readings)
  pass(10)
  clock.change({ speed: 100 })
  pass(10)
  clock.change({ setMs: 9_000_000 })
  expect(clock.elapsedMs()).toBe(1010)
})

test('goes on from what was saved, with the time it was away', () => {
  const { pass, readings } = machine(1_000_000)
  const clock = createClock({ mode: 'machine' }, readings)
  clock.change({ setMs: 5_000_000, speed: 10 })
  const saved = clock.save()
  pass(1000)
  expect(createClock(saved, readings).nowMs()).toBe(5_010_000)
})

test('never runs backwards, whatever is done to it', () => {
  const steps = fc.array(
    fc.oneof(
      fc.record({ passMs: fc.nat(100_000) }),
      fc.record({ stepMs: fc.integer({ min: -1e6, max: 1e6 }) }),
      fc.record({ setMs: fc.integer({ min: 0, max: 2e7 }), speed: fc.constantFrom(0, 1, 60) }),
    ),
    { maxLength: 30 },
  )
  fc.assert(
    fc.property(steps, (given) => {
      const { at, pass, readings } = machine(1e7)
      const clock = createClock({ mode: 'machine' }, readings)
      let latest = clock.nowMs()
      for (const step of given) {
        if ('passMs' in step) pass(step.passMs)
        else if ('stepMs' in step) at.wallMs += step.stepMs
        else clock.change(step)
        expect(clock.nowMs()).toBeGreaterThanOrEqual(latest)
        latest = clock.nowMs()
      }
    }),
  )
})
