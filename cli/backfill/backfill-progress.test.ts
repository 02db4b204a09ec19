import { describe, expect, test } from 'vitest'
import type { BackfillProgress } from '#operations/backfill/poll-all.ts'
import { stateOf } from './backfill-progress.ts'

const budget = {
  ...{ host: 'h:1', sentLastMinute: 90, perMinute: 100, pausedUntil: null, pauseReason: null },
  unreachable: null,
}
const state = (more: Partial<BackfillProgress>, elapsedMs = 0): string =>
  stateOf(50, { done: 0, budget, ahead: 0, failing: undefined, ...more }, elapsedMs).join(', ')

describe('the state of a backfill', () => {
  test('is the budget, and the time that the rest takes at the speed so far', () => {
    expect(state({})).toBe('90 of 100 requests a minute, some time left')
    expect(state({ done: 10 }, 6_000)).toBe('90 of 100 requests a minute, 24 s left')
    expect(state({ done: 50 }, 6_000)).toBe('90 of 100 requests a minute, nothing left')
  })
  test('says that others asked before, and what that means for the time', () => {
    expect(state({ ahead: 1340 })).toBe('90 of 100 requests a minute, up to 1340 windows ahead, about 14 min left')
    expect(state({ ahead: 1, done: 25 }, 10_000)).toBe('90 of 100 requests a minute, up to 1 window ahead, 10 s left')
  })
  test('says why the newest poll failed, as long as there is something to try again', () => {
    const failing = 'getaddrinfo ENOTFOUND host'
    expect(state({ failing })).toBe(`90 of 100 requests a minute, failing: ${failing}, trying again, some time left`)
    expect(state({ failing, done: 50 })).toBe('90 of 100 requests a minute, nothing left')
  })
  test('says upstream’s words without what steers a terminal', () => {
    expect(state({ failing: 'HTTP 302 to \x1b[2J' })).toContain('failing: HTTP 302 to \ufffd[2J, trying again')
  })
  test('says what it waits for: a pause until it is over, and what ends it, or a host that does not answer', () => {
    const pausedUntil = '2026-11-26T14:02:00.000Z'
    const paused = { ...budget, pausedUntil, pauseReason: '429, Retry-After 7200' }
    expect(state({ budget: paused })).toBe(
      'waiting until 2026-11-26T14:02:00.000Z, as h:1 asked (429, Retry-After 7200); `npx tidemark resume h:1` asks again at once',
    )
    const unreachable = { since: '2026-11-26T13:00:00Z', reason: 'h:1: refuses', nextTryAt: '2026-11-26T13:01:00Z' }
    expect(state({ budget: { ...budget, unreachable }, failing: 'h:1: refuses' })).toBe(
      'waiting for a host that does not answer since 2026-11-26T13:00:00Z: h:1: refuses, some time left',
    )
  })
  test('says that the poller does not answer', () => {
    expect(state({ budget: undefined })).toBe('the poller does not answer, some time left')
  })
})
