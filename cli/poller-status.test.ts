import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { StackFile } from '#local/stack-file.ts'
import { datasetThatIsPolled, patientPollerStatus, pollerStatus } from './poller-status.ts'

let server: Server
let answers: object[]
let stack: Pick<StackFile, 'endpoints' | 'dataDir'>
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

/** A poller's /status: each answer once, the last for ever. */
beforeEach(async () => {
  server = createServer((_, response) => {
    const answer = answers.length > 1 ? answers.shift() : answers[0]
    response.end(JSON.stringify(answer))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const poller = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  stack = { dataDir: '/my data', endpoints: { health: { poller } } as unknown as StackFile['endpoints'] }
})
afterEach(() => void server.close())

test('what the poller says includes what was asked for', async () => {
  answers = [told]
  expect((await pollerStatus(stack)).datasets[0]?.waiting.requested).toBe(7)
})

test('a poller that is only just starting is waited for, and that is told once', async () => {
  answers = [{}, {}, told]
  let waits = 0
  const status = await patientPollerStatus(stack, 30_000, () => waits++)
  expect([status.now, waits]).toEqual([told.now, 1])
})

test('a poller that stays away is a sentence with what to ask, for this very stack', async () => {
  answers = [{}]
  await expect(patientPollerStatus(stack, 300, () => {})).rejects.toThrow(
    /^The poller at http:.+\/status does not answer: `npx tidemark status --data '\/my data'` shows its state\.$/,
  )
})

test('a dataset is fetched at its host; one that is off, or unknown, is a sentence with what to do', async () => {
  const [dataset] = told.datasets
  answers = [{ ...told, datasets: [dataset, { ...dataset, dataset: 'a.c', off: true }] }]
  const { datasets } = await pollerStatus(stack)
  expect(datasetThatIsPolled(datasets, 'a.b').host).toBe('h')
  expect(() => datasetThatIsPolled(datasets, 'a.c')).toThrow(
    /^a\.c is switched off: start .+ DATASETS_OFF, then fetch\.$/,
  )
  const locked = { ...datasets[0]!, dataset: 'a.e', off: true, offBecause: 'needs A_KEY (ask for one)' }
  expect(() => datasetThatIsPolled([locked], 'a.e')).toThrow(
    'a.e is not polled: it needs A_KEY (ask for one). Set it, start the stack again, then fetch.',
  )
  expect(() => datasetThatIsPolled(datasets, 'a.d')).toThrow('does not know a.d: is it of another version?')
})

test('a poller of an earlier version, which tells neither failures nor pauses, is understood', async () => {
  answers = [{ ...told, budgets: [{ host: 'h', sentLastMinute: 1, perMinute: 2, pausedForMs: 0 }] }]
  const { datasets, budgets } = await pollerStatus(stack)
  expect([datasets[0]?.lastFailure, budgets[0]?.pausedUntil, budgets[0]?.pauseReason]).toEqual([null, null, null])
})
