import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { recordBackupFailure } from '#local/backup-schedule.ts'
import type { StackFile } from '#local/stack-file.ts'
import { inspect } from './inspect.ts'

const dataset = 'jao.core.maxExchanges'
let answers: Record<string, unknown>
let server: Server
let url: string

/** Serves /status of the poller and the normalizer. All other parts are down. */
beforeEach(async () => {
  server = createServer((request, response) => {
    const answer = answers[request.url ?? '']
    response.writeHead(answer === undefined ? 404 : 200).end(JSON.stringify(answer))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(() => void server.close())

async function inspected(poller: object, normalizer: object, more: Partial<StackFile> = {}) {
  answers = { '/poller/status': poller, '/normalizer/status': normalizer }
  const away = 'http://127.0.0.1:1'
  const stack: StackFile = {
    ...{ version: '0', pid: 1, startedAt: '', state: 'ready', dataDir: '/d', source: 'live', portBase: 1 },
    endpoints: {
      kafka: '127.0.0.1:1',
      registry: away,
      clickhouse: { url: away, user: 'u' },
      api: 'http://127.0.0.1:1',
      console: 'http://127.0.0.1:1',
      health: { poller: `${url}/poller`, normalizer: `${url}/normalizer` },
    },
    parts: { kafka: { state: 'running', pid: process.pid, restarts: 0 } },
    ...more,
  }
  return inspect(stack, {})
}
const offOf = async (poller: object, normalizer: object): Promise<string[] | undefined> =>
  (await inspected(poller, normalizer)).datasets.find((each) => each.dataset === dataset)?.off

const polled = { dataset, host: 'h', lastPollAt: null, lastOutcome: null, nextDueAt: null, waiting: { requested: 0 } }
const pollerThat = (more: object) => ({ now: '', datasets: [{ ...polled, ...more }], budgets: [] })

test('a dataset is told as off where it is switched off: at the poller, at the normalizer, at both', async () => {
  const [on, off] = [pollerThat({ off: false }), pollerThat({ off: true })]
  expect(await offOf(on, { version: '0', datasets: {}, off: [] })).toEqual([])
  expect(await offOf(off, { version: '0', datasets: {}, off: [] })).toEqual(['poller'])
  expect(await offOf(on, { version: '0', datasets: {}, off: [dataset] })).toEqual(['normalizer'])
  expect(await offOf(off, { version: '0', datasets: {}, off: [dataset] })).toEqual(['poller', 'normalizer'])
})

test('services of an earlier version, or that do not answer, switch nothing off', async () => {
  expect(await offOf(pollerThat({}), { datasets: {} })).toEqual([])
  expect(await offOf({}, {})).toEqual([])
})

test('a host that does not answer is a reason for not being healthy, and so is each part that does not', async () => {
  const unreachable = { since: '2026-11-26T13:00:00Z', reason: 'h: refuses', nextTryAt: '2026-11-26T13:01:00Z' }
  const budget = { host: 'h', sentLastMinute: 0, perMinute: 1, pausedForMs: 0, unreachable }
  const found = await inspected({ ...pollerThat({}), budgets: [budget] }, { version: '0', datasets: {} })
  expect(found.silent).toEqual([{ host: 'h', sources: ['jao'], ...unreachable }])
  expect(found.healthy).toBe(false)
  expect(found.problems).toEqual([
    'kafka: does not answer',
    expect.stringMatching(/^registry: does not answer \(.+\)$/),
    expect.stringMatching(/^clickhouse: does not answer \(.+\)$/),
    expect.stringMatching(/^poller: HTTP 404$|^poller: /),
    expect.stringMatching(/^normalizer: /),
    'No connection since 2026-11-26T13:00:00Z to h: refuses',
  ])
})

test('a scheduled backup that failed is a reason for not being healthy; a list that cannot be read is not known', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'tidemark-inspect-'))
  const backups = { directory: '/b', everyH: 24, keep: 7 }
  const failure = { at: '2026-11-26T13:00:00.000Z', error: 'The disk is full.' }
  recordBackupFailure(dataDir, failure)
  const look = (more: Partial<StackFile>) =>
    inspected(pollerThat({}), { version: '0', datasets: {} }, { dataDir, ...more })
  const found = await look({ backups })
  expect(found.backups).toMatchObject({ last: null, schedule: backups, lastFailure: failure })
  expect(found.problems).toContain('The last backup failed at 2026-11-26T13:00:00.000Z: The disk is full.')
  // Switched off since.
  expect((await look({})).backups).toEqual({ last: null, schedule: null, lastFailure: null })
  writeFileSync(join(dataDir, 'backups.json'), '{')
  expect((await look({ backups })).backups).toBeNull()
  rmSync(dataDir, { recursive: true })
})
