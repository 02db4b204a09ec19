import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readPollerStatus, requirePolledDataset, waitForPollerStatus } from './status.ts'

let server: Server
let answers: object[]
let url: string
const told = {
  now: '2026-04-20T09:00:00Z',
  datasets: [
    {
      dataset: 'a.b',
      host: 'h',
      owned: true,
      lastPollAt: null,
      lastOutcome: null,
      nextDueAt: null,
      waiting: { live: 1, requested: 7, background: 0 },
    },
  ],
  budgets: [],
}

/** Serves a poller's /status: each of `answers` once, then the last one again and again. */
beforeEach(async () => {
  server = createServer((_, response) => {
    const answer = answers.length > 1 ? answers.shift() : answers[0]
    response.end(JSON.stringify(answer))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/status`
})
afterEach(() => void server.close())

test('what the poller says includes what was asked for', async () => {
  answers = [told]
  expect((await readPollerStatus(url)).datasets[0]?.waiting.requested).toBe(7)
})

test('a poller that is only just starting is waited for, and that is told once', async () => {
  answers = [{}, {}, told]
  let waits = 0
  const status = await waitForPollerStatus(
    () => readPollerStatus(url),
    30_000,
    () => waits++,
  )
  expect([status.now, waits]).toEqual([told.now, 1])
})

test('a dataset is fetched at its host; one that is off, or unknown, is a sentence with what to do', async () => {
  const [dataset] = told.datasets
  answers = [{ ...told, datasets: [dataset, { ...dataset, dataset: 'a.c', off: true }] }]
  const { datasets } = await readPollerStatus(url)
  expect(requirePolledDataset(datasets, 'a.b').host).toBe('h')
  expect(() => requirePolledDataset(datasets, 'a.c')).toThrow(
    /^a\.c is switched off: add a\.c:on-demand at the end of DATASET_SCHEDULES, start .+, then fetch\.$/,
  )
  const locked = { ...datasets[0]!, dataset: 'a.e', off: true, offBecause: 'needs A_KEY (ask for one)' }
  expect(() => requirePolledDataset([locked], 'a.e')).toThrow(
    'a.e is not polled: it needs A_KEY (ask for one). Set it, start the stack again, then fetch.',
  )
  expect(() => requirePolledDataset(datasets, 'a.d')).toThrow('does not know a.d: is it of another version?')
})

test('selectors and schedule are read, also from a poller of an earlier version, which calls them subjects and live', async () => {
  const [dataset] = told.datasets
  const named = [{ selectors: ['A', 'B'], schedule: 'on-demand' }, { subjects: ['A', 'B'], live: false }, {}]
  answers = [{ ...told, datasets: named.map((names) => ({ ...dataset, ...names })) }]
  const { datasets } = await readPollerStatus(url)
  expect(datasets.map(({ selectors, schedule }) => [selectors, schedule])).toEqual([
    [['A', 'B'], 'on-demand'],
    [['A', 'B'], 'on-demand'],
    [[null], 'auto'],
  ])
})

test('a poller of an earlier version, which tells neither failures nor pauses, is understood', async () => {
  answers = [{ ...told, budgets: [{ host: 'h', sentLastMinute: 1, perMinute: 2, pausedForMs: 0 }] }]
  const { datasets, budgets } = await readPollerStatus(url)
  expect([datasets[0]?.lastFailure, budgets[0]?.pausedUntil, budgets[0]?.pauseReason]).toEqual([null, null, null])
})
