import fc from 'fast-check'
import { expect, test } from 'vitest'
import { divide } from './assigner.ts'
import { createOwnership } from './ownership.ts'

const topics = ['polls', 'poll-requests']
const ends = (high: number, low = 0) => [0, 1].map((partition) => ({ partition, low, high }))

test('partitions are owned when all of them were read, in both topics, to where they ended at the assignment', () => {
  const ownership = createOwnership(topics, 5_000)
  ownership.onAssigned([0, 1], 0)
  expect(ownership.owned(0)).toEqual([])
  ownership.ends('polls', ends(10))
  ownership.ends('poll-requests', ends(0))
  expect(ownership.owned(0)).toEqual([])
  ownership.read('polls', 1, 9)
  expect(ownership.owned(0)).toEqual([])
  ownership.read('polls', 1, 10)
  expect(ownership.owned(0)).toEqual([])
  expect(ownership.notReady(0)).toContain('0')
  ownership.ends('polls', ends(99))
  ownership.read('polls', 0, 10)
  expect(ownership.owned(0)).toEqual([0, 1])
})

test('records that retention removed count as read', () => {
  const ownership = createOwnership(topics, 5_000)
  ownership.onAssigned([0], 0)
  ownership.ends('polls', ends(0))
  ownership.ends('poll-requests', ends(10, 4))
  expect(ownership.isBehind()).toBe(true)
  ownership.ends('poll-requests', ends(12, 10))
  expect(ownership.owned(0)).toEqual([0])
})

test('nothing is owned without a heartbeat for too long, and again after one', () => {
  const ownership = createOwnership(topics, 5_000)
  ownership.onAssigned([0], 0)
  for (const topic of topics) ownership.ends(topic, ends(0))
  expect(ownership.owned(5_000)).toEqual([0])
  expect(ownership.owned(5_001)).toEqual([])
  expect(ownership.notReady(5_001)).toContain('heartbeat')
  ownership.onHeartbeat(6_000)
  expect(ownership.owned(6_001)).toEqual([0])
})

test('a heartbeat counts from when it was sent: an answer that comes late gives nothing back, and takes nothing away', () => {
  const ownership = createOwnership(topics, 5_000)
  ownership.onAssigned([0], 0)
  for (const topic of topics) ownership.ends(topic, ends(0))
  ownership.onHeartbeat(1_000)
  expect(ownership.owned(12_000)).toEqual([])
  ownership.onHeartbeat(12_000)
  ownership.onHeartbeat(2_000)
  expect(ownership.owned(13_000)).toEqual([0])
})

test('a new assignment has to be read anew, and leaving ends everything at once', () => {
  const ownership = createOwnership(topics, 5_000)
  ownership.onAssigned([0], 0)
  for (const topic of topics) ownership.ends(topic, ends(3))
  for (const topic of topics) ownership.read(topic, 0, 3)
  expect(ownership.owned(1)).toEqual([0])
  const generation = ownership.generation()
  ownership.onRevoked()
  expect(ownership.owned(1)).toEqual([])
  ownership.onAssigned([0], 2)
  expect(ownership.generation()).toBeGreaterThan(generation)
  expect(ownership.owned(2)).toEqual([])
})

test('a stand-by with nothing assigned is ready', () => {
  const ownership = createOwnership(topics, 5_000)
  expect(ownership.notReady(0)).toContain('waiting')
  ownership.onAssigned([], 0)
  expect(ownership.notReady(0)).toBeUndefined()
  expect(ownership.owned(0)).toEqual([])
})

test('every partition goes to exactly one member, and shares differ by one at most', () => {
  const members = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 9 })
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(50)), members, (partitions, all) => {
      const shares = divide(partitions, all)
      expect([...shares.values()].flat().sort()).toEqual([...partitions].sort())
      const sizes = [...shares.values()].map(({ length }) => length)
      expect(sizes.length).toBe(all.length)
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
      expect(divide([...partitions].reverse(), [...all].reverse())).toEqual(shares)
    }),
  )
})
