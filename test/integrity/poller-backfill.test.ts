// `tidemark backfill` as a user types it, on one real stack with the simulator.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { datasetsByName } from '#core/datasets.ts'
import { hostOf } from '#core/host.ts'
import type { StackFile } from '#local/stack-file.ts'
import { type BackfillParts, backfill as backfillDays } from '#operations/backfill/backfill.ts'
import type { BackfillProgress } from '#operations/backfill/poll-all.ts'
import { liftPause } from '#operations/poller/lift-pause.ts'
import { readPollerStatus } from '#operations/poller/status.ts'
import { connectTo } from '../../cli/stack-clients.ts'
import { freePortBase, startTidemark, tidemark } from '../support/tidemark-command.ts'
import { eventually } from './poller-parts.ts'

const home = mkdtempSync(join(tmpdir(), 'tidemark-backfill-'))
const { KAFKA_BROKERS: _k, SCHEMA_REGISTRY_URL: _s, CLICKHOUSE_URL: _c, NODE_ENV: _n, ...inherited } = process.env
const environment = { ...inherited, TIDEMARK_HOME: home }
const run = (...args: string[]) => tidemark(args, environment)
const backfillCommand = (from: string, to: string, ...options: string[]) =>
  run('backfill', 'jao.core.maxExchanges', '--from', from, '--to', to, '--json', ...options)
let simulator = ''
let parts: BackfillParts
const job = { ...datasetsByName.get('jao.core.maxExchanges')!, confirmsEmpty: false, requestedBy: 'test' }
const quiet = { pollerIsAway: () => {}, requested: () => {}, progress: () => {}, fetched: () => {} }
/** What the command does, in this process. */
const backfill = (from: string, to: string) =>
  backfillDays(parts, { ...job, from, to }, quiet, new AbortController().signal)

const command = async (body: unknown) => {
  const answer = await fetch(`${simulator}/simulator/command`, { method: 'POST', body: JSON.stringify(body) })
  expect(answer.ok, await answer.text()).toBe(true)
}
const query = async (sql: string): Promise<string> =>
  (await (await parts.store.query({ query: sql, format: 'TabSeparated' })).text()).trim()
const rows = async (where: string): Promise<number> =>
  Number(await query(`SELECT count() FROM tidemark.point_revisions FINAL WHERE ${where}`))

beforeAll(async () => {
  const base = await freePortBase()
  const { code, stderr } = await run(
    'up',
    '--detach',
    '--source',
    'simulated',
    '--port-base',
    `${base}`,
    '--no-backfill',
  )
  expect(code, stderr).toBe(0)
  const stack = JSON.parse((await run('status', '--json')).stdout).stack as StackFile
  simulator = stack.endpoints.simulator!
  const pollerStatus = () => readPollerStatus(`${stack.endpoints.health.poller}/status`)
  parts = { ...connectTo(stack, 'test'), pollerStatus }
}, 180_000)

afterAll(async () => {
  await parts?.store.close()
  await run('down')
  rmSync(home, { recursive: true, force: true })
})

test('it returns when the rows can be queried, and asks again for what is held', async () => {
  // 150 keys; 25 October 2026 is the long day.
  const first = await backfillCommand('2026-10-24', '2026-10-26')
  expect(JSON.parse(first.stdout)).toMatchObject({ windows: 3, changed: 3, failed: [] })
  expect(await rows("window_start >= '2026-10-23 22:00:00' AND window_start < '2026-10-26 23:00:00'")).toBe(
    150 * (24 + 25 + 24),
  )
  await command({ revise: { day: '2026-10-25' } })
  const again = await backfill('2026-10-24', '2026-10-26')
  expect(again).toMatchObject({ windows: 3, changed: 1, unchanged: 2, failed: [] })
  expect(await rows("window_start = '2026-10-24 22:00:00'")).toBe(2 * 150 * 25)
})

test('a part and nothing are named and no error; what could not be fetched is one', async () => {
  await command({ vanishHour: { day: '2026-09-01', hour: 3 } })
  await command({ fault: 'empty', day: '2026-09-02' })
  const fine = await backfillCommand('2026-09-01', '2026-09-02')
  expect(JSON.parse(fine.stdout)).toMatchObject({ partial: ['2026-09-01'], empty: ['2026-09-02'], failed: [] })
  expect(fine.code).toBe(0)
  await command({ fault: 'rejected', day: '2026-09-03' })
  const failed = await backfillCommand('2026-09-03', '2026-09-04')
  expect(failed.code).toBe(1)
  expect(JSON.parse(failed.stdout)).toMatchObject({
    changed: 1,
    failed: [{ day: '2026-09-03', reason: 'upstream rejected the request: ["The request was rejected."]' }],
  })
})

test('what upstream says is told, and the pause that it asks for, until somebody lifts it', async () => {
  const days = ['--from', '2026-07-01', '--to', '2026-07-02']
  await command({ fault: '429-retry-after', retryAfterS: 7_200, count: 1 })
  const fetching = startTidemark(['backfill', 'jao.core.maxExchanges', ...days], environment)
  const paused = await eventually('the host is paused', async () => {
    return JSON.parse((await run('status', '--json')).stdout).paused?.[0]
  })
  const why = { until: expect.any(String), reason: '429, Retry-After 7200' }
  expect(paused).toEqual({ host: hostOf(simulator), sources: ['jao'], ...why })
  const { stdout: status } = await run('status')
  expect(status).toMatch(/jao\.core\.maxExchanges .+ paused until \S+ by upstream: 429, Retry-After 7200/)
  expect(status).toMatch(/Failed last, .+\n {2}jao\.core\.maxExchanges .+ failed .+ HTTP 429: Too Many Requests\n/)
  expect((await run('resume', 'nope')).stderr).toContain(`There is no host or source nope; there is: `)
  expect(JSON.parse((await run('resume', paused.host, '--json')).stdout)).toMatchObject({
    host: paused.host,
    lifted: true,
  })
  expect((await fetching.finished).code).toBe(0)
  expect((await run('resume', paused.host)).stdout).toBe(`${paused.host} is not paused: nothing to do\n`)
  const errors = await run('query', 'SELECT DISTINCT error FROM polls WHERE status = 429')
  expect(errors.stdout).toBe('HTTP 429: Too Many Requests\n')
})

test('a backfill and the end of a pause are functions, which say how far they are and what came of it', async () => {
  const told: BackfillProgress[] = []
  let asked = 0
  const events = {
    pollerIsAway: () => {},
    requested: (windows: number) => {
      asked = windows
    },
    progress: (reached: BackfillProgress) => void told.push(reached),
    fetched: () => void told.push({ done: -1, budget: undefined, ahead: 0, failing: undefined }),
  }
  await command({ fault: '429-retry-after', retryAfterS: 7_200, count: 1 })
  const days = { from: '2026-06-01', to: '2026-06-02' }
  const fetching = backfillDays(parts, { ...job, ...days }, events, new AbortController().signal)
  await eventually('the host is paused', async () => told.at(-1)?.budget?.pausedUntil ?? undefined)
  expect(await liftPause(parts, hostOf(simulator), 'test')).toEqual({
    pause: { until: expect.any(String), reason: '429, Retry-After 7200' },
    isConfirmed: true,
  })
  const expected = { ...{ windows: 2, changed: 2, unchanged: 0 }, ...{ empty: [], partial: [], failed: [] } }
  expect(await fetching).toEqual({ dataset: job.dataset.name, ...days, ...expected })
  expect([asked, told.at(-2)?.done, told.at(-1)?.done]).toEqual([2, 2, -1])
  expect(await liftPause(parts, hostOf(simulator), 'test')).toEqual({ pause: null, isConfirmed: true })
  const wrong = backfillDays(parts, { ...job, from: '2026-06-02', to: '2026-06-01' }, events, AbortSignal.abort())
  await expect(wrong).rejects.toThrow('the first day comes first')
  const stopped = backfillDays(parts, { ...job, ...days }, events, AbortSignal.abort(new Error('enough')))
  await expect(stopped).rejects.toThrow('enough')
})

test('it can be interrupted and started again', async () => {
  const started = startTidemark(
    ['backfill', 'jao.core.maxExchanges', '--from', '2026-08-01', '--to', '2026-08-08'],
    environment,
  )
  const some = "window_start >= '2026-07-31 22:00:00' AND window_start < '2026-08-08 12:00:00'"
  await eventually('some of it is polled', async () => (await rows(some)) > 0)
  started.child.kill('SIGINT')
  const interrupted = await started.finished
  expect(interrupted.code).toBe(130)
  expect(interrupted.stderr).toContain('the poller goes on')
  const again = await backfill('2026-08-01', '2026-08-08')
  const { windows, changed, unchanged, failed } = again
  expect({ windows, all: changed + unchanged, failed }).toEqual({ windows: 8, all: 8, failed: [] })
  expect(await rows(some)).toBe(8 * 24 * 150)
})

test('what makes no sense is one sentence', async () => {
  const { code, stdout, stderr } = await backfillCommand('2026-02-30', '2026-03-01')
  expect({ code, stdout, stderr }).toEqual({
    code: 1,
    stdout: '',
    stderr: 'tidemark: --from 2026-02-30 is not a day: write it as YYYY-MM-DD, for example 2026-04-20.\n',
  })
  expect((await run('backfill', 'nope', '--from', '2026-03-01', '--to', '2026-03-01')).stderr).toContain(
    'There is no dataset nope',
  )
})

test('values stand when upstream empties a day, until a second answer confirms it, or an operator: they come back with rows', async () => {
  const { nowMs } = (await (await fetch(`${simulator}/simulator/clock`)).json()) as { nowMs: number }
  const dayBefore = (days: number) => new Date(nowMs - days * 86_400_000).toISOString().slice(0, 10)
  // Pollers look again at the first of them; of the second, which ended longer ago, only an operator says that it is empty.
  const [recent, old] = [dayBefore(10), dayBefore(60)]
  const fetchDay = (day: string) => backfill(day, day)
  /** Whether the day's values of a border stand, or are withdrawn. */
  const standing = async (day: string) => {
    const of = `dataset = 'jao.core.maxExchanges' AND key = 'border_AT_BE'
      AND toDate(ts, 'Europe/Brussels') = '${day}'`
    return query(
      `SELECT count(value) > 0, countIf(value IS NULL AND has(flags, 'withdrawn')) > 0 FROM tidemark.latest WHERE ${of}`,
    )
  }
  const [stand, withdrawn] = ['1\t0', '0\t1']
  for (const day of [recent, old]) {
    expect(await fetchDay(day)).toMatchObject({ changed: 1 })
    await command({ fault: 'empty', day })
    expect(await fetchDay(day)).toMatchObject({ empty: [day] })
    expect(await standing(day)).toBe(stand)
  }
  const later = await fetch(`${simulator}/simulator/clock`, {
    method: 'POST',
    body: JSON.stringify({ set: new Date(nowMs + 15 * 60_000).toISOString() }),
  })
  expect(later.ok).toBe(true)
  await eventually('the poller asked again, and believes it', async () => (await standing(recent)) === withdrawn)
  // Asked again after 10 minutes, the poller itself does not believe it.
  expect(await fetchDay(old)).toMatchObject({ empty: [old] })
  expect(await standing(old)).toBe(stand)
  const confirmed = await backfillCommand(old, old, '--confirm-empty')
  expect(JSON.parse(confirmed.stdout)).toMatchObject({ empty: [old], confirmedEmpty: [old] })
  expect(await standing(old)).toBe(withdrawn)

  await command({ clear: true })
  for (const day of [recent, old]) {
    expect(await fetchDay(day)).toMatchObject({ changed: 1 })
    expect(await standing(day)).toBe(stand)
  }
}, 300_000)
