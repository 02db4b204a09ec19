import { expect, test } from 'vitest'
import type { DatasetStatus, Status } from './inspect.ts'
import { statusText } from './status.ts'

const quiet = (dataset: string, more: Partial<DatasetStatus>): DatasetStatus => ({
  ...{ dataset, off: [], offBecause: null, schedule: 'auto', lastPollAt: null, lastOutcome: null, nextDueAt: null },
  ...{ host: 'h', lastFailure: null, askedFor: 0 },
  ...more,
})

const status: Status = {
  healthy: false,
  problems: ['sink: not in its group'],
  stack: {
    version: '0.1.0',
    pid: 12,
    startedAt: '2026-11-21T08:00:00.000Z',
    state: 'ready',
    dataDir: '/data/live',
    source: 'live',
    endpoints: {
      kafka: 'k:1',
      registry: 'http://r',
      clickhouse: { url: 'http://c', user: 'tidemark' },
      api: 'http://127.0.0.1:1',
      console: 'http://127.0.0.1:1',
      health: {},
    },
  },
  parts: [
    { name: 'kafka', healthy: true, version: '4.3.1', address: 'k:1', pid: 34, restarts: 2 },
    { name: 'registry', healthy: true, version: '3', address: 'http://r', pid: 35, restarts: 1 },
    {
      name: 'sink',
      healthy: false,
      problem: 'not in its group',
      version: null,
      address: 'http://s',
      pid: null,
      restarts: 0,
    },
  ],
  lag: null,
  sources: [
    {
      ...{
        source: 'jao',
        at: '2026-11-20T11:00:00.000Z',
        day: 'tomorrow',
        zone: 'Europe/Brussels',
        of: 'windows',
        complete: 12,
        expected: 12,
      },
      ...{
        lastAt: '2026-11-20T09:34:00.000Z',
        ...{ nextExpectedBy: null, nextLateAfter: null },
        expectedBy: '2026-11-20T10:00:00.000Z',
        lastRevisedAt: null,
        late: null,
      },
    },
  ],
  rows: {
    points: { rows: 1234567, beforeMerging: false },
    polls: { rows: 12345678, beforeMerging: true },
  },
  datasets: [
    {
      dataset: 'a',
      off: [],
      offBecause: null,
      schedule: 'auto',
      lastPollAt: '2026-11-21T09:00:00Z',
      lastOutcome: 'unchanged',
      nextDueAt: null,
      ...{ host: 'h', lastFailure: null, askedFor: null },
    },
    {
      dataset: 'bb',
      off: [],
      offBecause: null,
      schedule: 'auto',
      lastPollAt: null,
      lastOutcome: null,
      nextDueAt: '2026-11-21T10:00:00Z',
      ...{ host: 'h', lastFailure: null, askedFor: 1390 },
    },
    quiet('c', { off: ['poller', 'normalizer'], offBecause: 'DATASET_SCHEDULES', schedule: 'off' }),
    quiet('d', { schedule: 'on-demand', askedFor: 1 }),
    quiet('e', { schedule: 'on-demand' }),
    quiet('f', { schedule: 'on-demand' }),
    quiet('g', { off: ['poller'], offBecause: 'needs A_KEY (ask for one)', schedule: 'on-demand' }),
  ],
  paused: [],
  silent: [],
  deadLetters: [{ reason: 'bug', dataset: 'a', letters: 1200, topic: 'a.dlq' }],
  unfinished: [{ id: 'x-1', kind: 'replay', dataset: 'bb', who: 'me@here', startedAt: '2026-11-21T09:40:00Z' }],
  parked: [
    { dataset: 'bb', reason: 'bug', message: '20 \u001b in a row', by: 'normalizer 1', at: '2026-11-21T09:30:00.000Z' },
  ],
  backups: { last: null, schedule: null, lastFailure: null },
}

test('the status reads well, also where something is not known', () => {
  expect(statusText(status)).toBe(`tidemark 0.1.0, NOT HEALTHY, source LIVE, 1 dataset PARKED
data in /data/live, process 12, since 2026-11-21T08:00:00.000Z
console http://127.0.0.1:1/, API http://127.0.0.1:1/api/v1

Parts
  ✔  kafka     4.3.1  k:1       pid 34, started again 2 times
  ✔  registry  3      http://r  pid 35, started again once
  ✘  sink      -      http://s  elsewhere                      not in its group

Behind (records)
  (not known)

Rows stored
  points  1,234,567
  polls   12,345,678 before merging (a row that came again counts again)

Complete (local time; \`npx tidemark report\` says more)
  jao: 12 of 12 windows of tomorrow complete, last at 10:34 (expected 11:00)

Polls (UTC)
  a   last 2026-11-21T09:00:00Z unchanged  next not known
  bb  not polled yet                       next 2026-11-21T10:00:00Z  asked for: 1390 windows waiting
  c   not polled yet                       not polled                                                  OFF at poller and normalizer (DATASET_SCHEDULES)
  d   not polled yet                       on demand                  asked for: 1 window waiting
  1 dataset not polled: needs A_KEY (ask for one)
  2 datasets on demand only: \`npx tidemark catalogue\` names them

History being done again
  replay bb  since 2026-11-21T09:40:00Z by me@here  if it was interrupted: --resume x-1

Parked (mend it, then \`tidemark dlq release DATASET\`)
  bb  since 2026-11-21T09:30:00.000Z  20 \ufffd in a row

Open dead letters (\`npx tidemark dlq list --each\` names them)
  1,200  bug  a  on a.dlq

Backups (UTC)
  no good one is known
  none is scheduled: BACKUP_DIRECTORY is not set`)
})

test('the status says when the last good backup was made, when the next is due, and why the last one failed', () => {
  const last = { at: '2026-11-20T08:00:00.000Z', path: '/b/live-1', bytes: 21_000_000 }
  const schedule = { directory: '/b', everyH: 24, keep: 7, nextAt: '2026-11-21T08:00:00.000Z' }
  const lastFailure = { at: '2026-11-21T08:00:01.000Z', error: 'The disk is full.' }
  const text = statusText({ ...status, backups: { last, schedule, lastFailure } })
  expect(text.split('\n').slice(-4)).toEqual([
    'Backups (UTC)',
    '  last good 2026-11-20T08:00:00.000Z, 20.0 MiB in /b/live-1',
    '  next 2026-11-21T08:00:00.000Z, every 24 h; 7 are kept in /b',
    '  FAILED at 2026-11-21T08:00:01.000Z: The disk is full.',
  ])
  expect(statusText({ ...status, backups: null })).toMatch(/Backups \(UTC\)\n {2}\(not known\)$/)
})

test('a dead-letter topic that is too long to be read for the status is told by its length', () => {
  const deadLetters = [{ reason: null, dataset: null, letters: 20_001, topic: 'a.dlq' }]
  expect(statusText({ ...status, deadLetters })).toContain('\n  20,001  records on a.dlq: too many to be read for this')
})

test('a host that does not answer is told with its sources, since when and why', () => {
  const datasets = ['a.x', 'b.y'].map((name) =>
    quiet(name, { nextDueAt: '2026-11-26T14:02:00.000Z', host: `host.${name}` }),
  )
  const since = '2026-11-26T13:00:00.000Z'
  const silent = [
    { host: 'host.b.y', sources: ['b'], since, reason: 'host.b.y: refuses', nextTryAt: '2026-11-26T13:01:00.000Z' },
  ]
  const lastFailure = { at: since, outcome: 'failed', request: 'q', error: 'host.b.y: refuses' }
  const failing = datasets.map((one) => ({ ...one, lastFailure }))
  expect(statusText({ ...status, datasets: failing, silent })).not.toContain('Failed last')
  expect(statusText({ ...status, datasets, silent })).toContain(`Polls (UTC)
  a.x  not polled yet  next 2026-11-26T14:02:00.000Z
  b.y  not polled yet  its host does not answer

NOT ANSWERING (UTC)
  b  since 2026-11-26T13:00:00.000Z  tried again at 2026-11-26T13:01:00.000Z  host.b.y: refuses
`)
})

test('only topics with something left to do are named', () => {
  const lag = ['a', 'b', 'c'].map((topic, index) => ({ group: 'sink', topic, records: index === 1 ? 7 : 0 }))
  expect(statusText({ ...status, lag })).toContain('Behind (records)\n  sink  b  7\n  nothing in the other 2 topics\n')
  expect(statusText({ ...status, lag: lag.slice(0, 1) })).toContain('Behind (records)\n  nothing in 1 topic\n')
})

test('of many datasets that are off the number is told', () => {
  const off = (dataset: string) => quiet(dataset, { off: ['poller'], offBecause: 'DATASET_SCHEDULES', schedule: 'off' })
  const datasets = ['a', 'b', 'c', 'd', 'e', 'f'].map(off)
  expect(statusText({ ...status, datasets })).toContain('Polls (UTC)\n  6 datasets OFF (DATASET_SCHEDULES)\n')
  const declared = quiet('g', { off: ['poller'], offBecause: 'declaration', schedule: 'off' })
  expect(statusText({ ...status, datasets: [...datasets, declared] })).toContain(
    '  6 datasets OFF (DATASET_SCHEDULES)\n  1 dataset OFF (declaration)\n',
  )
})

test('a host that upstream wants left alone is told with its datasets, until when and why', () => {
  const datasets = ['a', 'b'].map((name) =>
    quiet(name, { nextDueAt: '2026-11-26T14:02:00.000Z', host: `host.${name}` }),
  )
  const until = '2026-11-26T14:02:00.000Z'
  const paused = [{ host: 'host.b', sources: ['b', 'c'], until, reason: '429, Retry-After 7200' }]
  expect(statusText({ ...status, datasets, paused })).toContain(`Polls (UTC)
  a  not polled yet  next 2026-11-26T14:02:00.000Z
  b  not polled yet  paused until 2026-11-26T14:02:00.000Z by upstream: 429, Retry-After 7200

Left alone, as upstream asked (\`tidemark resume HOST\` asks again at once)
  b, c  host.b  until 2026-11-26T14:02:00.000Z  429, Retry-After 7200
`)
})

test('the last failure of a dataset is told with what was asked and what upstream said', () => {
  const lastFailure = {
    at: '2026-11-26T12:02:10.000Z',
    outcome: 'failed',
    request: 'A,B',
    error: 'HTTP 400: no \u001b[2J',
  }
  const datasets = [
    quiet('a', { lastFailure }),
    quiet('b', {}),
    quiet('c', { schedule: 'on-demand', lastFailure: { ...lastFailure, error: null } }),
  ]
  expect(statusText({ ...status, datasets })).toContain(`
Failed last, and not answered well since (UTC)
  a  2026-11-26T12:02:10.000Z failed  A,B  HTTP 400: no \ufffd[2J
  c  2026-11-26T12:02:10.000Z failed  A,B
`)
})
