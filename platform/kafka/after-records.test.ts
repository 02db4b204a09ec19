import { expect, test } from 'vitest'
import type { Topic } from '#schemas/topics.ts'
import { afterRecords } from './after-records.ts'

/** The end offset of a topic with one partition, and the group's committed offset. */
function group(topic: { end: number; committed: number }) {
  const offsets = {
    ends: async () => new Map([['slices', new Map([[0, topic.end]])]]),
    committed: async () => new Map([['slices', new Map([[0, topic.committed]])]]),
  }
  return afterRecords(offsets, () => 'sink')([{ name: 'slices', record: {} as Topic['record'] }])
}

test('answers are admitted when the slices that stood there as they were first seen are committed', async () => {
  const slices = { end: 10, committed: 4 }
  const admit = group(slices)
  expect(await admit(0, [0, 1])).toBe(0)
  // Both topics grow. The first answers do not wait for the later slices.
  slices.end = 30
  slices.committed = 10
  expect(await admit(0, [0, 1, 2])).toBe(2)
  expect(await admit(0, [2])).toBe(0)
  slices.committed = 29
  expect(await admit(0, [2])).toBe(0)
  slices.committed = 30
  expect(await admit(0, [2])).toBe(1)
  // After a rebalance, answers that were admitted before are admitted at once.
  expect(await admit(0, [1, 2])).toBe(2)
})

test('a topic that holds nothing, and one of which nothing is committed', async () => {
  expect(await group({ end: 0, committed: -1 })(0, [0])).toBe(1)
  expect(await group({ end: 1, committed: -1 })(0, [0])).toBe(0)
})

test('what stands in topics of both groups of the sink is waited for', async () => {
  const committed: Record<string, number> = { sink: 1, 'sink-dead-letters': 0 }
  const read: [string, string[]][] = []
  const offsets: Parameters<typeof afterRecords>[0] = {
    ends: async (topics) => new Map(topics.map((topic) => [topic, new Map([[0, 1]])])),
    committed: async (group, topics) => {
      read.push([group, [...topics]])
      return new Map(topics.map((topic) => [topic, new Map([[0, committed[group] ?? 0]])]))
    },
  }
  const admit = afterRecords(offsets, ({ record }) => (record === null ? 'sink-dead-letters' : 'sink'))([
    { name: 'polls', record: {} as Topic['record'] },
    { name: 'jao.dlq', record: null },
  ])
  expect(await admit(0, [0])).toBe(0)
  expect(read).toEqual([
    ['sink', ['polls']],
    ['sink-dead-letters', ['jao.dlq']],
  ])
  committed['sink-dead-letters'] = 1
  expect(await admit(0, [0])).toBe(1)
})
