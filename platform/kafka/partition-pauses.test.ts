import { expect, test } from 'vitest'
import { createStallTracker } from './partition-pauses.ts'

const a = { topic: 'raw', partition: 0 }
const b = { topic: 'raw', partition: 1 }

test('a partition that goes on does not hide that another waits', () => {
  const waits = createStallTracker()
  expect(waits.longest(0)).toBeUndefined()
  waits.wait(a, 'the store is away', 1_000)
  waits.wait(b, 'the registry is away', 2_000)
  waits.wait(a, 'the store is full', 5_000)
  expect(waits.longest(7_000)).toEqual({ waitedMs: 6_000, message: 'the store is full' })
  waits.end(b)
  expect(waits.longest(7_000)).toEqual({ waitedMs: 6_000, message: 'the store is full' })
  waits.end(a)
  expect(waits.longest(7_000)).toBeUndefined()
})

test('a partition that the group gave to another no longer waits here; one that was kept does, since before', () => {
  const waits = createStallTracker()
  waits.wait(a, 'the store is away', 0)
  waits.wait(b, 'the registry is away', 1_000)
  waits.assigned({ raw: [1], polls: [0] })
  expect(waits.longest(3_000)).toEqual({ waitedMs: 2_000, message: 'the registry is away' })
  waits.assigned({})
  expect(waits.longest(3_000)).toBeUndefined()
})
