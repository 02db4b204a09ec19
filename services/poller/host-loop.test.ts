import { afterEach, describe, expect, test, vi } from 'vitest'
import type { HostedDataset } from '#core/hosts.ts'
import { noProgress } from '#core/memory-records.ts'
import { requestIdentity } from '#core/request-identity.ts'
import { createRequests } from '#core/requests.ts'
import { createLogger } from '#platform/process/log.ts'
import type { HostLog, Poll, RawResponse } from '#schemas/generated/records.ts'
import { type Calendar, neverSeen } from '#sources/calendar.ts'
import type { RequestSpec } from '#sources/source.ts'
import type { FetchResult } from './fetch.ts'
import { type HostLoop, runHostLoop } from './host-loop.ts'
import { createMemory } from './memory.ts'
import { createMetrics, statusLabel } from './metrics.ts'
import type { RecentPolls } from './recent-polls.ts'

// A loop with an immediate upstream, one token per second, and a clock that only the test moves.
const dayMs = 86_400_000
const budget = { perMinute: 100, burst: 1, refillPerMinute: 60, maxInFlight: 4 }
const startMs = Date.parse('2026-04-20T12:00:01Z')
const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

const hosted = (name: string, asking: Partial<RequestSpec>, more: Partial<HostedDataset>): HostedDataset => {
  const calendar: Calendar =
    more.intervalMs === undefined
      ? { kind: 'days', window: 'day', zone: 'UTC', firstDay: '2020-01-01', searchFrom: '09:00', expected: neverSeen }
      : { kind: 'ticks', zone: 'UTC', every: { setting: 'EVERY_S', defaultS: 10, minIntervalS: 1 } }
  const asked = {
    meaningfulStatuses: [],
    maxBodyBytes: 1_000,
    assess: () => 'complete',
    ...asking,
  } as unknown as RequestSpec
  const dataset = { name, calendar, asking: asked } as unknown as HostedDataset['dataset']
  return {
    ...{ dataset, asking: asked, source: 'a', baseUrl: 'http://h', headers: {}, selectors: [null] },
    ...{ schedule: 'on-demand', autoBackfill: false, intervalMs: null },
    ...more,
  }
}
const ticking = hosted('a.tick', { requestPath: () => '/tick' }, { schedule: 'auto', intervalMs: 10_000 })
const paged = hosted(
  'a.pages',
  {
    requestPath: ({ selector }) => `/${selector}`,
    pages: { countPath: () => '/count', take: 1, rowsIn: () => ({ rows: 1, total: 50 }) },
  },
  {},
)

/** Starts a loop over the datasets. `asks` is the number of days of the paged dataset that are requested. */
function start(
  datasets: HostedDataset[],
  asks = 0,
  recent: RecentPolls = { endedAgoMs: [], pauses: [] },
  revisitDailyDays = 0,
) {
  let moment = { nowMs: startMs, monotonicMs: 0 }
  const asked: string[] = []
  const polls: Poll[] = []
  const hostLog: HostLog[] = []
  const answers: (FetchResult | Promise<FetchResult>)[] = []
  const acknowledged: Promise<void>[] = []
  let looks = 0
  const requests = createRequests()
  const raws: RawResponse[] = []
  const metrics = createMetrics()
  const memory = createMemory(() => {})
  let offset = 0
  const ask = (day: number): void => {
    const midnightMs = (Math.floor(startMs / dayMs) - day) * dayMs
    const window = { startMs: midnightMs, endMs: midnightMs + dayMs }
    const request = {
      requestIdentity: requestIdentity('a.pages', window),
      dataset: 'a.pages',
      requestedBy: 'test',
      confirmsEmpty: false,
    }
    const times = { windowStart: window.startMs, windowEnd: window.endMs, requestedAt: 0, liftsPauseOf: null }
    requests.addRequest({ ...request, ...times }, { partition: 0, offset: ++offset })
  }
  for (let day = 1; day <= asks; day++) ask(day)
  const lease = new AbortController()
  const stopping = new AbortController()
  const loop = runHostLoop({
    host: { name: 'h', budget, datasets, off: [] },
    lease: { signal: lease.signal, holds: () => !lease.signal.aborted },
    deps: {
      clock: {
        now: () => {
          looks++
          return moment
        },
        realMs: () => 1,
        spanMs: (ms) => ms,
        stop: () => {},
      },
      fetcher: {
        fetch: async ({ url }) => {
          asked.push(new URL(url).pathname)
          return (await answers.shift()) ?? { kind: 'answer', status: 200, headers: {}, body: Buffer.from(url) }
        },
        close: async () => {},
      },
      publisher: {
        raw: async (_, answer) => ({ partition: 0, offset: raws.push(answer) - 1 }),
        // The poller reads its own records back, and may do so before the poll is over.
        memory: async ({ poll }) => {
          memory.remember(poll, moment)
          await acknowledged.shift()
        },
        poll: async (poll) => void polls.push(poll),
        hostLog: async () => {},
        disconnect: async () => {},
      },
      ...{ origin: 'live', poller: 'me', log: createLogger('test', 'silent') },
    },
    ...{ memory, requests, recent, metrics, stopping: stopping.signal },
    carried: () => noProgress,
    recordMissingPolls: async () => {},
    restore: () => {},
    hostLog: (record) => void hostLog.push(record),
    due: { backfillDays: 0, revisitHourlyDays: 0, revisitDailyDays },
    deleted: { beforeMs: () => Number.NEGATIVE_INFINITY, stop: () => {} },
  })
  stops.push(async () => {
    stopping.abort()
    await loop.ended
  })
  const advance = (ms: number): void => {
    moment = { nowMs: moment.nowMs + ms, monotonicMs: moment.monotonicMs + ms }
  }
  /** Lets the loop send `times` requests, one after the other. */
  const let1 = async (times = 1): Promise<void> => {
    for (let time = 0; time < times; time++) {
      const before = asked.length
      advance(1_001)
      await vi.waitFor(() => expect(asked.length).toBe(before + 1), { timeout: 20_000, interval: 1 })
    }
  }
  /** Lets the loop run once without a due window. */
  const looked = async (): Promise<void> => {
    const before = looks
    await vi.waitFor(() => expect(looks).toBeGreaterThan(before + 3), { timeout: 20_000, interval: 1 })
  }
  return {
    loop,
    asked,
    metrics: async () => (await metrics.registry.metrics()).split('\n'),
    polls,
    hostLog,
    acknowledged,
    raws,
    answers,
    ask,
    let1,
    advance,
    looked,
    stopping,
    lease,
    now: () => moment.nowMs,
  }
}

test('pages of windows that were asked for wait while a tick is due', async () => {
  const { asked, polls, let1 } = start([ticking, paged], 3)
  await let1(41)
  expect(asked.filter((path) => path === '/tick').length).toBe(5)
  // 12:00:01 is within the first tick. Later ticks were polled with the first token after they were due.
  const late = polls
    .filter(({ dataset }) => dataset === 'a.tick')
    .map(({ sentAt, windowStart }) => sentAt - windowStart)
  for (const ms of late) expect(ms).toBeLessThan(2_100)
})

test('without anything else to do all budget goes to the pages, window after window', async () => {
  const { asked, let1 } = start([paged], 1)
  await let1(10)
  expect(asked).toEqual(['/count', ...Array.from({ length: 9 }, (_, page) => `/rows-${page}`)])
})

const refusal = (retryAfterMs?: number): FetchResult => ({
  ...{ kind: 'failure', error: 'HTTP 429', status: 429, firstKilobyte: null },
  ...(retryAfterMs !== undefined && { retryAfterMs }),
})
/** Waits until the budget shows the host as paused, or as not paused. */
const budgetWhen = (loop: HostLoop, isPaused: boolean) =>
  vi.waitFor(() => {
    const told = loop.budget()
    expect(told.pausedUntil !== null).toBe(isPaused)
    return told
  })

test('a host that asks for a pause is left alone until somebody lifts it; then it may ask for one again', async () => {
  const { loop, polls, answers, let1, advance, now } = start([ticking])
  answers.push(refusal(7_200_000), refusal())
  await let1()
  const pausedUntil = now() + 7_200_000
  expect(await budgetWhen(loop, true)).toMatchObject({
    ...{ availableNow: 0, pausedForMs: 7_200_000, pauseReason: '429, Retry-After 7200' },
    pausedUntil: new Date(pausedUntil).toISOString(),
  })
  expect(polls).toMatchObject([{ outcome: 'failed', pausedUntil, pauseReason: '429, Retry-After 7200' }])
  advance(3_600_000)
  const liftedMs = now()
  loop.lift()
  await budgetWhen(loop, true)
  await vi.waitFor(() => expect(polls.length).toBe(2))
  expect(polls[1]).toMatchObject({ sentAt: liftedMs, pauseReason: '429 without Retry-After' })
})

test('the host log says who owns the host, what waits and why, and until when all answers are recorded', async () => {
  const { loop, hostLog, acknowledged, polls, answers, let1, advance, now, stopping } = start([ticking])
  const hanging = Promise.withResolvers<void>()
  acknowledged.push(hanging.promise)
  answers.push(refusal(7_200_000))
  const record = (nth: number) => vi.waitFor(() => hostLog[nth] ?? expect.fail('no record'), { timeout: 20_000 })
  const told = { host: 'h', poller: 'me', state: 'owned', pausedUntil: null, pauseReason: null }
  // The tick of 12:00:00 is due, and a new owner has no token.
  const begin = { at: startMs, dueRequests: 1, waitingForBudget: 1, settledTo: startMs }
  expect(await record(0)).toEqual({ ...told, ...begin })
  await let1()
  const arrivedMs = now()
  const pause = { pausedUntil: arrivedMs + 7_200_000, pauseReason: '429, Retry-After 7200' }
  const nothing = { dueRequests: 0, waitingForBudget: 0, settledTo: arrivedMs - 1 }
  expect(await record(1)).toEqual({ ...told, ...pause, ...nothing, at: arrivedMs })
  advance(60_000)
  loop.lift()
  expect(await record(2)).toEqual({ ...told, ...nothing, at: arrivedMs + 60_000 })
  hanging.resolve()
  await vi.waitFor(() => expect(polls.length).toBeGreaterThan(1))
  stopping.abort()
  await loop.ended
  expect(hostLog.slice(3)).toMatchObject([{ state: 'released', at: now(), settledTo: now() }])
})

test('what is due during a pause does not wait for budget; an answer that is not recorded stays unsettled', async () => {
  const pause = { untilMs: startMs + 5_000, lengthMs: 9_000, agoMs: 0, reason: '429, Retry-After 9', inARow: 1 }
  const { loop, hostLog, acknowledged, let1, advance, now, lease } = start([ticking], 0, {
    endedAgoMs: [],
    pauses: [pause],
  })
  await vi.waitFor(() => expect(hostLog.length).toBe(1))
  expect(hostLog).toMatchObject([{ dueRequests: 1, waitingForBudget: 0, pausedUntil: startMs + 5_000 }])
  const hanging = Promise.withResolvers<void>()
  acknowledged.push(hanging.promise)
  advance(4_000)
  await let1()
  const arrivedMs = now()
  advance(1_000)
  lease.abort()
  hanging.resolve()
  await loop.ended
  expect(hostLog.slice(1)).toMatchObject([
    { state: 'owned', pausedUntil: null },
    { state: 'released', at: arrivedMs + 1_000, settledTo: arrivedMs - 1 },
  ])
})

test('a new owner keeps the pause that a host demanded of the last owner', async () => {
  const pause = {
    untilMs: startMs + 600_000,
    lengthMs: 900_000,
    agoMs: 2_000,
    reason: '418, Retry-After 900',
    inARow: 1,
  }
  const { loop, polls, advance, let1 } = start([ticking], 0, { endedAgoMs: [], pauses: [pause] })
  expect(loop.budget()).toMatchObject({ pausedForMs: 600_000, pauseReason: '418, Retry-After 900' })
  advance(599_000)
  expect(loop.budget().pausedForMs).toBe(1_000)
  await let1()
  await vi.waitFor(() => expect(polls.length).toBe(1))
  expect(polls[0]?.sentAt).toBeGreaterThanOrEqual(pause.untilMs)
  expect(loop.budget()).toMatchObject({ pausedUntil: null, pauseReason: null })
})

test('a host that cannot be connected to is tried by one request at a time, and all goes on with its first answer', async () => {
  const dead: FetchResult = {
    ...{ kind: 'failure', error: 'h: nobody', status: null, firstKilobyte: null },
    unreachable: true,
  }
  const { loop, asked, polls, answers, advance, looked, now } = start([ticking, paged], 6)
  const last = Promise.withResolvers<FetchResult>()
  answers.push(dead, dead, last.promise)
  advance(1_001)
  await vi.waitFor(() => expect(loop.budget().unreachable?.reason).toBe('h: nobody'))
  const since = loop.budget().unreachable?.since
  // Seven windows and a token wait, but nothing is sent before the host is retried.
  for (const tries of [1, 2]) {
    await vi.waitFor(() => expect(polls.length).toBe(tries), { timeout: 20_000, interval: 1 })
    advance(Date.parse(loop.budget().unreachable?.nextTryAt ?? '') - now() - 1)
    await looked()
    expect([asked.length, loop.budget().unreachable?.since]).toEqual([tries, since])
    advance(1)
    await vi.waitFor(() => expect(asked.length).toBe(tries + 1), { timeout: 20_000, interval: 1 })
  }
  advance(10_000)
  await looked()
  expect(asked.length).toBe(3)
  last.resolve(dead)
  await vi.waitFor(() => expect(polls.length).toBe(3), { timeout: 20_000, interval: 1 })
  expect(polls).toMatchObject([{ error: 'h: nobody' }, { error: 'h: nobody' }, { error: 'h: nobody' }])
  advance(60_000)
  await vi.waitFor(() => expect(loop.budget().unreachable).toBe(null), { timeout: 20_000, interval: 1 })
})

test('a new owner counts requests that may be in no poll: one per place in flight, and the count of windows in pages', () => {
  expect(start([ticking]).loop.budget().sentLastMinute).toBe(4)
  expect(start([ticking, paged]).loop.budget().sentLastMinute).toBe(8)
  expect(start([ticking], 0, { endedAgoMs: [0, 59_000, 61_000], pauses: [] }).loop.budget().sentLastMinute).toBe(6)
})

test.each(['stopping', 'lease'] as const)('pages that wait are given up when the loop ends: %s', async (why) => {
  const started = start([paged], 1)
  await started.let1(2)
  started[why].abort()
  await started.loop.ended
  expect(started.asked.length).toBe(2)
})

describe('a window that was asked for and turned empty', () => {
  const asking = { requestPath: () => '/day', assess: (body: Uint8Array) => (body.length === 0 ? 'empty' : 'complete') }
  const days = hosted('a.pages', asking as unknown as RequestSpec, {})
  const answer = (body: string): FetchResult => ({ kind: 'answer', status: 200, headers: {}, body: Buffer.from(body) })
  /** Yesterday's window, which ended 12 hours ago, after an answer with rows and an empty one. */
  const emptied = async (revisitDailyDays: number) => {
    const loop = start([days], 1, undefined, revisitDailyDays)
    loop.answers.push(answer('rows'), answer(''), answer(''), answer(''))
    await loop.let1()
    loop.ask(1)
    await loop.let1()
    await vi.waitFor(() => expect(loop.polls.length).toBe(2))
    return loop
  }
  test('is asked for again 10 minutes later, kept as confirmed, and then left alone', async () => {
    const { loop, advance, asked, polls, raws } = await emptied(30)
    expect(loop.candidates().map(({ dueInMs }) => dueInMs)).toEqual([600_000])
    advance(600_000)
    await vi.waitFor(() => expect(polls.length).toBe(3))
    expect(raws.map(({ body, confirms }) => [`${body}`, confirms])).toEqual([
      ['rows', false],
      ['', false],
      ['', true],
    ])
    expect(asked.length).toBe(3)
    expect(loop.candidates()).toEqual([])
  })
  test('is not when it ended too long ago', async () => {
    const { loop } = await emptied(0.4)
    expect(loop.candidates()).toEqual([])
  })
})

test('metrics say what was answered, tried again, and since when a host is out of reach', async () => {
  const { loop, answers, polls, let1, advance, now, metrics } = start([ticking])
  const away = { error: 'h: no', status: null, firstKilobyte: null, unreachable: true } as const
  answers.push({ kind: 'failure', ...away }, refusal())
  await let1()
  const sinceS = now() / 1_000
  const says = (...lines: string[]) =>
    vi.waitFor(async () => expect(await metrics()).toEqual(expect.arrayContaining(lines)))
  await says(
    `tidemark_host_unreachable_timestamp_seconds{host="h"} ${sinceS}`,
    'tidemark_poll_responses_total{host="h",status="none"} 1',
    'tidemark_budget_limit_requests{host="h"} 100',
  )
  expect((await metrics()).some((line) => line.startsWith('tidemark_retried_polls_total{'))).toBe(false)
  loop.lift()
  const tickAgain = () => {
    advance(1_001)
    loop.lift()
    expect(polls.length).toBeGreaterThanOrEqual(3)
  }
  await vi.waitFor(tickAgain, { timeout: 20_000, interval: 5 })
  await says(
    'tidemark_host_unreachable_timestamp_seconds{host="h"} 0',
    'tidemark_poll_responses_total{host="h",status="429"} 1',
    'tidemark_retried_polls_total{dataset="a.tick"} 2',
  )
})

test.each([
  [null, 'none'],
  [200, '2xx'],
  [304, '304'],
  [302, '3xx'],
  [404, '4xx'],
  [418, '418'],
  [503, '5xx'],
])('a status %s is counted as %s', (status, label) => expect(statusLabel(status)).toBe(label))
