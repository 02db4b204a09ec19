import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { noMemory } from '#core/poll-memory.ts'
import type { Poll, PollMemory } from '#schemas/generated/records.ts'
import { createMemory, type Memory } from './memory.ts'
import { knownAtMs } from './outcome.ts'
import { createFailures, statusOf } from './status.ts'

const poll = (fetchedAt: number, memory: Partial<PollMemory>, more: Partial<Poll> = {}): Poll => ({
  requestIdentity: 'i',
  dataset: 'a',
  host: 'h',
  windowStart: 0,
  windowEnd: 1,
  lane: 'live',
  sentAt: fetchedAt,
  fetchedAt,
  outcome: 'changed',
  status: 200,
  durationMs: 0,
  bytes: 0,
  contentHash: null,
  error: null,
  errorBody: null,
  rawPartition: null,
  rawOffset: null,
  requestsReadTo: null,
  pausedUntil: null,
  pauseReason: null,
  poller: 'p',
  origin: 'live',
  memory: { ...noMemory, ...memory },
  changesState: null,
  ...more,
})
const moment = { nowMs: 10_000, monotonicMs: 500 }

test('the memory is the record with the greatest last-good time, not with the greatest offset', () => {
  const memory = createMemory(() => {})
  memory.remember(poll(2_000, { lastGoodFetchedAt: 2_000, lastGoodHash: 'new' }), moment)
  memory.remember(poll(3_000, { lastGoodFetchedAt: 1_000, lastGoodHash: 'old' }, { poller: 'a slow other' }), moment)
  expect(memory.known('i')?.memory.lastGoodHash).toBe('new')
  expect(memory.known('i')?.polledAtMs).toBe(3_000)
})

test('a poll is reported as older only if newer memory from the same host is known', () => {
  const memory = createMemory(() => {})
  const newest = poll(2_000, { lastGoodFetchedAt: 2_000, failures: 1 })
  expect(memory.remember(newest, moment)).toBe(false)
  expect(memory.remember(newest, moment)).toBe(false)
  expect(memory.remember(poll(3_000, { lastGoodFetchedAt: 2_000 }), moment)).toBe(true)
  expect(memory.remember(poll(2_500, { lastGoodFetchedAt: 1_000 }), moment)).toBe(true)
  expect(memory.remember(poll(2_500, { lastGoodFetchedAt: 1_000 }, { host: 'another address' }), moment)).toBe(false)
})

test('a record of the memory says when its identity was last polled, and where its newest answer lies', () => {
  const memory = createMemory(() => {})
  const raw = { partition: 1, offset: 7 }
  memory.remember(poll(2_000, { lastGoodFetchedAt: 2_000 }), moment, { polledAt: 3_000, raw })
  expect(memory.known('i')?.polledAtMs).toBe(3_000)
  expect(memory.remembered('i')).toEqual({ polledAt: 3_000, raw })
  memory.remember(poll(4_000, { lastGoodFetchedAt: 4_000 }), moment)
  expect(memory.remembered('i')).toEqual({ polledAt: 4_000, raw })
  memory.remember(poll(5_000, { lastGoodFetchedAt: 5_000 }, { rawPartition: 0, rawOffset: 8 }), moment)
  expect(memory.remembered('i')?.raw).toEqual({ partition: 0, offset: 8 })
})

test('a failure keeps what was known and counts', () => {
  const memory = createMemory(() => {})
  memory.remember(poll(2_000, { lastGoodFetchedAt: 2_000 }), moment)
  memory.remember(poll(3_000, { lastGoodFetchedAt: 2_000, failures: 1 }), moment)
  expect(memory.known('i')?.memory).toMatchObject({ lastGoodFetchedAt: 2_000, failures: 1 })
  memory.remember(poll(4_000, { lastGoodFetchedAt: 4_000, failures: 0 }), moment)
  expect(memory.known('i')?.memory.failures).toBe(0)
})

test('a poll in the future, from before the clock stepped back, counts as made now', () => {
  const memory = createMemory(() => {})
  memory.remember(poll(99_000, { lastGoodFetchedAt: 99_000 }), moment)
  expect(memory.known('i')).toMatchObject({ polledAtMs: 10_000, polledMonotonicMs: 500 })
  expect(memory.known('i')?.memory.lastGoodFetchedAt).toBe(99_000)
})

describe('a poll from far ahead of the clock', () => {
  const now = { nowMs: Date.parse('2026-04-20T12:00:00Z'), monotonicMs: 500 }
  const year3000 = Date.parse('3000-01-01T00:00:00Z')
  const yesterday = now.nowMs - 86_400_000
  const held = { lastGoodHash: 'x', completeness: 'complete', hadRows: true }
  const readAll = (...polls: Poll[]) => {
    const told: string[] = []
    const memory = createMemory(({ requestIdentity }) => told.push(requestIdentity))
    for (const record of polls) memory.remember(record, now)
    return { memory: memory.known('i')!.memory, told, last: memory.lastPoll('a') }
  }

  test('does not make the next answer known ahead of the clock, and is told of once', () => {
    const poisoned = poll(year3000, { ...held, lastGoodFetchedAt: year3000, lastChangedAt: yesterday })
    const { memory, told, last } = readAll(poisoned, poisoned)
    expect(memory).toEqual({ ...poisoned.memory, lastGoodFetchedAt: yesterday })
    expect(knownAtMs(memory, now.nowMs)).toBe(now.nowMs)
    expect(told).toEqual(['i'])
    expect(last?.atMs).toBe(now.nowMs)
  })
  test('is forgotten where the store can hold no answer of that time: the next one is a first answer', () => {
    const poisoned = poll(year3000, { ...held, lastGoodFetchedAt: year3000, lastChangedAt: year3000 })
    expect(readAll(poisoned).memory).toEqual({ ...noMemory, hadRows: true })
    const good = poll(yesterday, { ...held, lastGoodFetchedAt: yesterday })
    expect(readAll(poisoned, good).memory).toEqual(good.memory)
    expect(readAll(good, poisoned).memory).toEqual(good.memory)
  })
  test('whose answer is in raw stays before the next one: the store would show the old one for ever', () => {
    const wrote = now.nowMs + 3 * 86_400_000
    const { memory, told } = readAll(poll(wrote, { ...held, lastGoodFetchedAt: wrote + 5_000, lastChangedAt: wrote }))
    expect(knownAtMs(memory, now.nowMs)).toBe(wrote + 1)
    expect(told).toEqual(['i'])
  })
  test('within a day is believed, because a clock may step back, and known_at still grows', () => {
    const ahead = now.nowMs + 86_400_000
    const { memory, told } = readAll(poll(ahead, { ...held, lastGoodFetchedAt: ahead, lastChangedAt: yesterday }))
    expect(knownAtMs(memory, now.nowMs)).toBe(ahead + 1)
    expect(told).toEqual([])
  })
})

test('a poll whose time is not a date does not break the status', () => {
  const memory = createMemory(() => {})
  memory.remember(poll(-9e15, {}), moment)
  const off = [{ dataset: { name: 'a' }, schedule: 'off', because: 'DATASET_SCHEDULES' }]
  const host = { name: 'h', datasets: [], off } as unknown as Parameters<typeof statusOf>[0][number]
  const [told] = statusOf([host], new Map(), memory, createFailures(), moment).datasets
  expect(told?.lastPollAt).toBe('-9000000000000000 ms after 1970, which is not a date')
})

/** Polls of one identity by one poller, with any clock. Each continues the memory of the poll before. */
const histories = (latestMs: number) => {
  const step = fc.record({
    good: fc.boolean(),
    at: fc.integer({ min: 1_000, max: latestMs }),
    windowStart: fc.integer({ min: 0, max: 20_000 }),
  })
  return fc.array(step, { minLength: 1, maxLength: 20 }).map((steps) => {
    let last: PollMemory = noMemory
    return steps.map(({ good, at, windowStart }, index) => {
      const knownAt = good ? knownAtMs(last, at) : at
      last = good
        ? { ...noMemory, lastGoodFetchedAt: knownAt, lastGoodHash: `${index}` }
        : { ...last, failures: last.failures + 1 }
      return poll(knownAt, last, { windowStart, outcome: good ? 'changed' : 'failed' })
    })
  })
}
const readInto = (memory: Memory, polls: readonly Poll[], at = moment) => {
  for (const record of polls) memory.remember(record, at)
  return { known: memory.known('i'), last: memory.lastPoll('a') }
}

test('in whatever order and however often the polls are read, the newest is remembered, with its window', () => {
  const readings = fc.array(fc.nat(19), { maxLength: 60 })
  fc.assert(
    fc.property(histories(9_000), readings, fc.infiniteStream(fc.nat()), (polls, first, order) => {
      const repeated = first.flatMap((index) => polls[index] ?? [])
      const shuffled = polls
        .map((record) => ({ record, rank: order.next().value }))
        .toSorted((one, other) => one.rank - other.rank)
        .map(({ record }) => record)
      const newest = polls.at(-1)!
      const memory = createMemory(() => {})
      const { known } = readInto(memory, [...repeated, ...shuffled])
      expect(known?.memory).toEqual(newest.memory)
      expect(known?.windowStartMs).toBe(newest.windowStart)
      expect(known?.polledAtMs).toBe(Math.max(...polls.map(({ fetchedAt }) => fetchedAt)))
    }),
  )
})

test('reading polls again later changes nothing, also polls from before the clock stepped back', () => {
  const later = fc.record({ index: fc.nat(19), passedMs: fc.nat(50_000), monotonicMs: fc.nat(50_000) })
  fc.assert(
    fc.property(histories(90_000), fc.array(later, { minLength: 1, maxLength: 20 }), (polls, again) => {
      const memory = createMemory(() => {})
      const once = readInto(memory, polls)
      for (const { index, passedMs, monotonicMs } of again) {
        const at = { nowMs: moment.nowMs + passedMs, monotonicMs: moment.monotonicMs + monotonicMs }
        expect(readInto(memory, polls.slice(index), at)).toEqual(once)
      }
    }),
  )
})
