import { expect, test } from 'vitest'
import { noMemory } from '#core/poll-memory.ts'
import type { Poll } from '#schemas/generated/records.ts'
import type { Dataset } from '#sources/source.ts'
import { tickCandidates } from './due.ts'
import { createMemory, type KnownIdentity } from './memory.ts'

const dataset = { name: 't.x' } as Dataset
const hosted = { dataset, selectors: ['A,B', null], intervalMs: 10_000 }
const at = (nowMs: number) => ({ nowMs, monotonicMs: 0 })
const polled = (windowStartMs: number): KnownIdentity => ({
  memory: { ...noMemory, lastGoodFetchedAt: 1 },
  host: 'h',
  polledAtMs: windowStartMs,
  polledMonotonicMs: 0,
  windowStartMs,
})
const candidates = (nowMs: number, known: Record<string, KnownIdentity> = {}) =>
  tickCandidates(at(nowMs), hosted, (identity) => known[identity]).map(({ identity, window, dueInMs, first }) => [
    identity,
    window.startMs,
    window.endMs,
    dueInMs,
    first,
  ])

test('the current tick is due at once if it was not polled; otherwise the next tick is due at its start', () => {
  expect(candidates(1_003_400)).toEqual([
    ['t.x/A,B', 1_000_000, 1_010_000, -3_400, true],
    ['t.x', 1_000_000, 1_010_000, -3_400, true],
  ])
  expect(candidates(1_003_400, { 't.x/A,B': polled(1_000_000), 't.x': polled(990_000) })).toEqual([
    ['t.x/A,B', 1_010_000, 1_020_000, 6_600, false],
    ['t.x', 1_000_000, 1_010_000, -3_400, false],
  ])
})

test('ticks that were missed are not made up for', () => {
  expect(candidates(2_000_000, { 't.x/A,B': polled(1_000_000) })[0]).toEqual([
    't.x/A,B',
    2_000_000,
    2_010_000,
    0,
    false,
  ])
})

test('a tick is asked once by two owners whose clocks differ by less than an interval', () => {
  const next = ['t.x', 1_020_000, 1_030_000, 10_100, false]
  expect(candidates(1_009_900, { 't.x': polled(1_010_000) })[1]).toEqual(next)
  expect(candidates(1_009_900, { 't.x': polled(1_020_000) })[1]).toEqual(['t.x', 1_000_000, 1_010_000, -9_900, false])
})

test('after a change of the interval, the next tick is a multiple of the new interval', () => {
  expect(candidates(1_006_000, { 't.x': polled(1_005_000) })[1]).toEqual(['t.x', 1_010_000, 1_020_000, 4_000, false])
})

test('a poll with a time in the future stops no tick', () => {
  expect(candidates(1_003_400, { 't.x': polled(9_000_000) })[1]).toEqual(['t.x', 1_000_000, 1_010_000, -3_400, false])
})

test('after a poll of the future each tick is still asked once, also when the polls are read again', () => {
  const memory = createMemory(() => undefined)
  // known_at grows from answer to answer, with any clock.
  const remember = (windowStart: number, lastGoodFetchedAt: number) =>
    memory.remember(
      {
        requestIdentity: 't.x',
        dataset: 't.x',
        host: 'h',
        windowStart,
        fetchedAt: lastGoodFetchedAt,
        memory: { ...noMemory, lastGoodFetchedAt },
      } as Poll,
      at(1_003_400),
    )
  remember(9_000_000, 9_000_000)
  remember(1_000_000, 9_000_001)
  remember(9_000_000, 9_000_000)
  expect(tickCandidates(at(1_003_400), hosted, memory.known)[1]?.dueInMs).toBe(6_600)
})
