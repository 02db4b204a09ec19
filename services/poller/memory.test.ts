import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Poll, PollMemory } from '#schemas/generated/records.ts'
import { createMemory, noMemory } from './memory.ts'

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
  poller: 'p',
  origin: 'live',
  memory: { ...noMemory, ...memory },
  ...more,
})
const moment = { nowMs: 10_000, steadyMs: 500 }

test('the memory is the record with the greatest last-good time, not with the greatest offset', () => {
  const memory = createMemory()
  memory.remember(poll(2_000, { lastGoodFetchedAt: 2_000, lastGoodHash: 'new' }), moment)
  memory.remember(poll(3_000, { lastGoodFetchedAt: 1_000, lastGoodHash: 'old' }, { poller: 'a slow other' }), moment)
  expect(memory.known('i')?.memory.lastGoodHash).toBe('new')
  expect(memory.known('i')?.polledAtMs).toBe(3_000)
})

test('a failure keeps what was known and counts', () => {
  const memory = createMemory()
  memory.remember(poll(2_000, { lastGoodFetchedAt: 2_000 }), moment)
  memory.remember(poll(3_000, { lastGoodFetchedAt: 2_000, failures: 1 }), moment)
  expect(memory.known('i')?.memory).toMatchObject({ lastGoodFetchedAt: 2_000, failures: 1 })
  memory.remember(poll(4_000, { lastGoodFetchedAt: 4_000, failures: 0 }), moment)
  expect(memory.known('i')?.memory.failures).toBe(0)
})

test('a poll in the future, from before the clock stepped back, counts as made now', () => {
  const memory = createMemory()
  memory.remember(poll(99_000, { lastGoodFetchedAt: 99_000 }), moment)
  expect(memory.known('i')).toMatchObject({ polledAtMs: 10_000, polledSteadyMs: 500 })
  expect(memory.known('i')?.memory.lastGoodFetchedAt).toBe(99_000)
})

test('reading all of it again, or with the tail doubled, changes nothing', () => {
  const steps = fc.array(fc.boolean(), { minLength: 1, maxLength: 30 })
  fc.assert(
    fc.property(steps, fc.nat(29), (goods, from) => {
      let last: PollMemory = noMemory
      const polls = goods.map((good, index) => {
        const at = 1_000 + index
        last = good ? { ...noMemory, lastGoodFetchedAt: at } : { ...last, failures: last.failures + 1 }
        return poll(at, last)
      })
      const once = createMemory()
      for (const record of polls) once.remember(record, moment)
      const twice = createMemory()
      for (const record of [...polls, ...polls, ...polls.slice(from)]) twice.remember(record, moment)
      expect(once.known('i')?.memory).toEqual(last)
      expect(twice.known('i')).toEqual(once.known('i'))
    }),
  )
})
