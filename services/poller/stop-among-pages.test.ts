import { expect, test } from 'vitest'
import { businessDay } from '#core/business-day.ts'
import { partitionOfHost } from '#core/host.ts'
import { noProgress } from '#core/memory-records.ts'
import { requestIdentity } from '#core/request-identity.ts'
import { createRequests } from '#core/requests.ts'
import type { Logger } from '#platform/process/log.ts'
import { pollPartitions } from '#schemas/topics.ts'
import type { Dataset } from '#sources/source.ts'
import { runHostLoop } from './host-loop.ts'
import { createMemory } from './memory.ts'
import { createMetrics } from './metrics.ts'

const asking = {
  ...{ autoBackfill: false, meaningfulStatuses: [], maxBodyBytes: 1_000 },
  requestPath: ({ selector }: { selector: string | null }) => `/${selector}`,
  assess: () => 'complete' as const,
  pages: {
    take: 10,
    countPath: () => '/count',
    rowsIn: (body: Uint8Array) => JSON.parse(`${Buffer.from(body)}`) as { total: number; rows: number },
  },
}
const calendar = { kind: 'days', window: 'day', zone: 'UTC', firstDay: '2020-01-01', searchFrom: '00:00' }
const dataset = { name: 'a.b', calendar, asking } as unknown as Dataset
const { window } = businessDay('UTC', '2026-04-01')

/** Polls a window of 25 rows in three pages. `onPage` runs at the first page. Returns logs and metrics. */
async function pollPages(onPage: (acts: { stop: () => void; lose: () => void }) => void) {
  const [stopping, lost] = [new AbortController(), new AbortController()]
  const told: string[] = []
  const tell = (_: object, message: string) => void told.push(message)
  const metrics = createMetrics()
  const requests = createRequests()
  const request = {
    dataset: 'a.b',
    windowStart: window.startMs,
    windowEnd: window.endMs,
    requestedAt: 0,
    confirmsEmpty: false,
  }
  requests.addRequest(
    { ...request, requestIdentity: requestIdentity('a.b', window), requestedBy: 'test', liftsPauseOf: null },
    { partition: partitionOfHost('h', pollPartitions), offset: 0 },
  )
  const fastMs = () => performance.now() * 1_000
  const loop = runHostLoop({
    host: {
      name: 'h',
      budget: { perMinute: 100, burst: 10, refillPerMinute: 90, maxInFlight: 4 },
      datasets: [
        {
          ...{ dataset, asking, source: 'a', baseUrl: 'http://h', headers: {} },
          ...{ selectors: [null], schedule: 'on-demand', autoBackfill: false, intervalMs: null },
        },
      ],
      off: [],
    },
    lease: { signal: lost.signal, holds: () => !lost.signal.aborted },
    deps: {
      clock: {
        now: () => ({ nowMs: window.endMs + Math.floor(fastMs()), monotonicMs: fastMs() }),
        ...{ realMs: (ms) => ms / 1_000, spanMs: (ms) => ms * 1_000, stop: () => {} },
      },
      fetcher: {
        fetch: async ({ url }) => {
          if (!url.endsWith('/count')) onPage({ stop: () => stopping.abort(), lose: () => lost.abort() })
          return { kind: 'answer', status: 200, headers: {}, body: Buffer.from('{"total":25,"rows":10}') }
        },
        close: async () => {},
      },
      publisher: {
        raw: async () => ({ partition: 0, offset: 0 }),
        memory: async () => {},
        poll: async () => {},
        hostLog: async () => {},
        disconnect: async () => {},
      },
      ...{ origin: 'live', poller: 'me', log: { info: tell, warn: tell, error: tell } as unknown as Logger },
    },
    memory: createMemory(() => {}),
    requests,
    due: { backfillDays: 0, revisitHourlyDays: 0, revisitDailyDays: 0 },
    deleted: { beforeMs: () => Number.NEGATIVE_INFINITY, stop: () => {} },
    recent: { endedAgoMs: [], pauses: [] },
    carried: () => noProgress,
    recordMissingPolls: async () => {},
    restore: () => {},
    hostLog: () => {},
    stopping: stopping.signal,
    metrics,
  })
  await loop.ended
  return { told, dropped: (await metrics.droppedAnswers.get()).values.map(({ value }) => value) }
}

test('a stop between two pages is told as a stop, and no answer is said to be dropped', async () => {
  expect(await pollPages(({ stop }) => stop())).toEqual({
    told: ['poll', 'gave up a window: the poller stops, and asks again when it is back'],
    dropped: [],
  })
})

test('a page that arrives after the lease was lost is dropped', async () => {
  expect(await pollPages(({ lose }) => lose())).toEqual({
    told: ['dropped an answer: the partition was taken away meanwhile'],
    dropped: [1],
  })
})
