import { expect, test } from 'vitest'
import type { Host } from '#core/hosts.ts'
import { noMemory } from '#core/poll-memory.ts'
import type { Poll } from '#schemas/generated/records.ts'
import type { HostBudget } from './host-budget.ts'
import type { HostLoop } from './host-loop.ts'
import { createMemory } from './memory.ts'
import { createFailures, statusOf } from './status.ts'

const nowMs = Date.parse('2026-11-26T12:02:00Z')
const moment = { nowMs, monotonicMs: 0 }
const dataset = { name: 'a.b' }
const host = {
  name: 'h',
  datasets: [{ dataset, schedule: 'auto', selectors: ['X', 'Y'] }],
  off: [],
} as unknown as Host
const poll = (selector: string, atMs: number, outcome: string, error: string | null = null): Poll => {
  const times = { windowStart: 0, windowEnd: 1, sentAt: atMs, fetchedAt: atMs }
  return { ...times, requestIdentity: `a.b/${selector}`, dataset: 'a.b', outcome, error, memory: noMemory } as Poll
}
const failuresOf = (...polls: Poll[]) => {
  const failures = createFailures()
  for (const one of polls) failures.seen(one)
  return statusOf(
    [host],
    new Map(),
    createMemory(() => {}),
    failures,
    moment,
  ).datasets[0]?.lastFailure
}

test('the newest failure without a later good poll of its request is shown with its message', () => {
  const bad = poll('X', 1_000, 'failed', 'HTTP 400: Invalid symbol. (-1121)')
  expect(failuresOf(bad, poll('Y', 2_000, 'changed'))).toEqual({
    at: '1970-01-01T00:00:01.000Z',
    outcome: 'failed',
    request: 'X',
    error: 'HTTP 400: Invalid symbol. (-1121)',
  })
  expect(failuresOf(bad, poll('X', 2_000, 'unchanged'))).toBe(null)
  expect(failuresOf(bad, poll('Y', 3_000, 'refused', 'no'), poll('X', 4_000, 'failed', 'again'))).toMatchObject({
    request: 'X',
    error: 'again',
  })
  // Read again from the beginning, as after a new assignment.
  expect(failuresOf(bad, poll('X', 2_000, 'empty'), bad, poll('X', 2_000, 'empty'))).toBe(null)
})

test('a request that is not made any more does not fail for ever', () => {
  expect(failuresOf(poll('NOSUCH', 1_000, 'failed', 'HTTP 400'))).toBe(null)
  const times = '2026-04-20T10:00:00Z/2026-04-20T11:00:00Z'
  expect(failuresOf(poll(`rows-10/${times}`, 1_000, 'failed', 'HTTP 500'))).toMatchObject({
    request: `rows-10/${times}`,
  })
})

test('the next poll is not due before the pause of its host is over', () => {
  const budget = { host: 'h', pausedForMs: 7_200_000, pausedUntil: '2026-11-26T14:02:00.000Z' } as HostBudget
  const due = { dataset, dueInMs: -5_000, lane: 'live', window: { startMs: 0, endMs: 1 } }
  const loop = { candidates: () => [due], budget: () => budget } as unknown as HostLoop
  const loops = new Map([['h', loop]])
  expect(
    statusOf(
      [host],
      loops,
      createMemory(() => {}),
      createFailures(),
      moment,
    ),
  ).toMatchObject({
    datasets: [{ nextDueAt: '2026-11-26T14:02:00.000Z', waiting: { live: 1 } }],
    budgets: [{ pausedUntil: '2026-11-26T14:02:00.000Z' }],
  })
})

test('the next poll is not due before an unreachable host is retried', () => {
  const unreachable = { since: '2026-11-26T11:00:00.000Z', reason: 'h: nobody', nextTryAt: '2026-11-26T12:03:00.000Z' }
  const budget = { host: 'h', pausedForMs: 0, pausedUntil: null, unreachable } as HostBudget
  const due = { dataset, dueInMs: -5_000, lane: 'live', window: { startMs: 0, endMs: 1 } }
  const loops = new Map([['h', { candidates: () => [due], budget: () => budget } as unknown as HostLoop]])
  const memory = createMemory(() => {})
  expect(statusOf([host], loops, memory, createFailures(), moment)).toMatchObject({
    datasets: [{ nextDueAt: '2026-11-26T12:03:00.000Z' }],
    budgets: [{ unreachable }],
  })
})
