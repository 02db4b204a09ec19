import { expect, test } from 'vitest'
import { dueQueries, nextRunMs, type QueryLoad, stretchByOwner } from './query-schedule.ts'

const load = (more: Partial<QueryLoad> = {}): QueryLoad => ({
  ...{ owner: 'trading', everyMs: 60_000, startedMs: 0, tookMs: 0, ...more },
})

test('queries within the share are asked as often as their rules say', () => {
  // 3 s of every 60 s are 0.05.
  const loads = [load({ tookMs: 3_000 })]
  expect(stretchByOwner(loads, 0.05)).toEqual(new Map([['trading', 1]]))
})

test('over the share, all queries of the owner wait longer, and those of others do not', () => {
  // 3/60 + 1.5/15 = 0.15: three times the share.
  const mine = [load({ tookMs: 3_000 }), load({ tookMs: 1_500, everyMs: 15_000 })]
  const other = load({ owner: 'risk', tookMs: 600 })
  const stretch = stretchByOwner([...mine, other], 0.05)
  expect(stretch.get('trading')).toBeCloseTo(3)
  expect(stretch.get('risk')).toBe(1)
  // Then they take 3/180 + 1.5/45 = 0.05.
  expect(nextRunMs(load({ startedMs: 10_000 }), 3)).toBe(190_000)
})

test('one that was never asked is asked at once, an owner asks one after the other, and few run together', () => {
  const fresh = load({ startedMs: null })
  const late = load({ startedMs: 0 })
  const later = load({ startedMs: 20_000 })
  const risk = load({ owner: 'risk', startedMs: 0 })
  const queries = [late, fresh, later, risk]
  const at = (nowMs: number, running: QueryLoad[] = [], maxRunning = 3) =>
    dueQueries(queries, { running: new Set(running), share: 0.05, nowMs, maxRunning })
  expect(at(59_999)).toEqual([fresh])
  expect(at(60_000)).toEqual([fresh, risk])
  expect(at(60_000, [], 1)).toEqual([fresh])
  expect(at(60_000, [later])).toEqual([risk])
  expect(at(60_000, [later], 1)).toEqual([])
})

test('an owner whose queries always take long stays within the share over time', () => {
  // Ten seconds a run, every 15 s wanted, a share of 0.05: a run each 200 s.
  const query = load({ everyMs: 15_000, tookMs: 10_000 })
  let runs = 0
  for (let nowMs = 0; nowMs <= 1_000_000; nowMs += 1_000) {
    if (dueQueries([query], { running: new Set(), share: 0.05, nowMs, maxRunning: 3 }).length === 0) continue
    query.startedMs = nowMs
    runs++
  }
  expect(runs).toBe(5)
})
