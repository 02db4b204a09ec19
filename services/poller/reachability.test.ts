import { expect, test } from 'vitest'
import type { FetchResult } from './fetch.ts'
import { createReachability } from './reachability.ts'

const dead: FetchResult = { kind: 'failure', error: 'h: nobody', status: null, firstKilobyte: null, unreachable: true }
const at = (monotonicMs: number) => ({ nowMs: 1_000_000 + monotonicMs, monotonicMs })

test('waits grow from at most 5 s to a minute, and end with the first answer, whatever its status', () => {
  const reach = createReachability('h')
  const waits: number[] = []
  let nowMs = 0
  for (let time = 0; time < 8; time++) {
    reach.onResponse(dead, nowMs, at(nowMs))
    waits.push(reach.waitMs(nowMs))
    nowMs += reach.waitMs(nowMs)
  }
  // By hand: 5 s doubled each time, at most 60 s; the jitter takes off up to a half.
  for (const [index, ceiling] of [5, 10, 20, 40, 60, 60, 60, 60].entries()) {
    expect(waits[index]).toBeGreaterThanOrEqual(ceiling * 500)
    expect(waits[index]).toBeLessThanOrEqual(ceiling * 1_000)
  }
  expect(reach.now()).toEqual({ sinceMs: 1_000_000, reason: 'h: nobody' })
  reach.onResponse({ kind: 'failure', error: 'HTTP 500', status: 500, firstKilobyte: null }, nowMs, at(nowMs))
  expect([reach.now(), reach.waitMs(nowMs)]).toEqual([undefined, 0])
  reach.onResponse(dead, nowMs, at(nowMs))
  expect(reach.waitMs(nowMs)).toBeLessThanOrEqual(5_000)
})

test('requests that were under way at the first failure make the wait no longer', () => {
  const reach = createReachability('h')
  for (let request = 0; request < 8; request++) reach.onResponse(dead, request, at(100 + request))
  expect(reach.waitMs(107)).toBeLessThanOrEqual(5_000)
})

test('a failure of another kind tells nothing of the host, and somebody who asks for it has it tried at once', () => {
  const reach = createReachability('h')
  reach.onResponse({ kind: 'failure', error: 'slow', status: null, firstKilobyte: null }, 0, at(100))
  expect(reach.now()).toBe(undefined)
  reach.onResponse(dead, 200, at(300))
  reach.lift()
  expect([reach.waitMs(300), reach.now()?.sinceMs]).toEqual([0, 1_000_300])
})
