// `npm run clients`: clients of upstreams and of the API, installed as users install them, unmodified.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningApi, startApi } from '../integrity/api-parts.ts'
import { startUpstream } from '../integrity/poller-parts.ts'
import { type SimulatorClient, simulatorClient, windowOf } from '../integrity/simulator-client.ts'
import { type Chain, eventually, startChain } from '../integrity/whole-chain.ts'
import { pythonPackages } from './install.ts'

const installAndRunMs = 1_800_000
const programs = join(import.meta.dirname, 'programs')
const execute = promisify(execFile)
const day = '2026-11-20'
const datasets = ['jao.core.maxExchanges', 'jao.core.netPos', 'jao.core.scheduledExchanges']
const DATASET_SCHEDULES = ['*:off', ...datasets.map((name) => `${name}:auto`)].join(',')

let chain: Chain
let upstream: Awaited<ReturnType<typeof startUpstream>>
let simulator: SimulatorClient
let api: RunningApi

beforeAll(async () => {
  chain = await startChain({ DATASET_SCHEDULES })
  upstream = await startUpstream({ startMs: Date.parse('2026-11-20T12:00:00Z'), seed: 5 })
  simulator = simulatorClient(upstream.url)
  await chain.poll(upstream.url, 'simulator', { DATASET_SCHEDULES, BACKFILL_DAYS: '2' })
  api = await startApi(chain, { SIMULATOR_URL: upstream.url })
  await answered()
})
afterAll(async () => {
  await chain?.stop()
  await upstream?.stop()
})

/** Waits until each dataset has the day and the days around it, which jao-py asks for by its own reckoning. */
const answered = () =>
  eventually('the days are stored', async () => {
    const { startMs } = windowOf(day)
    const [row] = await chain.query<{ answers: number }>(
      `SELECT toUInt32(uniqExact(request_identity)) AS answers FROM tidemark.stored_answers WHERE replaces
         AND window_start IN (fromUnixTimestamp64Milli(${startMs}), fromUnixTimestamp64Milli(${windowOf('2026-11-19').startMs}))
         AND dataset IN (${datasets.map((name) => `'${name}'`).join(', ')})`,
    )
    return (row?.answers ?? 0) >= datasets.length * 2
  })

test('jao-py 0.8.5 with only its base address changed: the frames of upstream, and the old ones of before', {
  timeout: installAndRunMs,
}, async ({ skip }) => {
  const { folder, why } = await pythonPackages('jao-py-0.8.5', ['jao-py==0.8.5'])
  if (folder === undefined) return skip(why)
  const frames = async (then: string) => {
    const machine = (instant: string) => `${api.url}/time-machine/${instant}/jao`
    const parameters = [join(programs, 'jao_client.py'), upstream.url, machine('now'), machine(then), day]
    const { stdout } = await execute('python3', parameters, {
      env: { ...process.env, PYTHONPATH: folder, PYTHONDONTWRITEBYTECODE: '1' },
      maxBuffer: 64 * 1024 * 1024,
    })
    return JSON.parse(stdout) as Record<'upstream' | 'now' | 'then', Record<string, unknown>>
  }
  const then = new Date(await simulator.nowMs()).toISOString()
  const before = await frames(then)
  expect(Object.keys(before.upstream)).toHaveLength(4)
  expect(before.now).toEqual(before.upstream)
  await simulator.command({ revise: { day, hour: 4, key: 'border_AT_BE', value: 7 } })
  await chain.ask(upstream.url, [day])
  const after = await frames(then)
  expect(after.now).toEqual(after.upstream)
  expect(after.then).toEqual(before.upstream)
  expect(after.now).not.toEqual(after.then)
})

test('pandas reads a series from a URL', { timeout: installAndRunMs }, async ({ skip }) => {
  const { folder, why } = await pythonPackages('jao-py-0.8.5', ['jao-py==0.8.5'])
  if (folder === undefined) return skip(why)
  const url = `${api.url}/api/v1/series/jao.core.maxExchanges/border_AT_BE.csv?from=${day}&to=2026-11-21&tz=Europe/Brussels`
  const { stdout } = await execute('python3', [join(programs, 'pandas_client.py'), url], {
    env: { ...process.env, PYTHONPATH: folder, PYTHONDONTWRITEBYTECODE: '1' },
  })
  const truth = [...(await simulator.truth(day))].filter(([name]) => name.startsWith('border_AT_BE '))
  const sum = truth.reduce((total, [, value]) => total + (value ?? 0), 0)
  expect(JSON.parse(stdout)).toEqual({ rows: 24, first: '2026-11-19T23:00:00+00:00', sum, nulls: 0 })
})

test('schemathesis 4.32.5 finds no request that the API answers with 5xx', { timeout: installAndRunMs }, async ({
  skip,
}) => {
  const { folder, why } = await pythonPackages('schemathesis-4.32.5', ['schemathesis==4.32.5'])
  if (folder === undefined) return skip(why)
  const { authorization } = await api.as({ role: 'operator' })
  await eventually('the token is known', async () => (await api.get('datasets', { headers: { authorization } })).ok)
  const parameters = [
    ...['run', `${api.url}/api/v1/openapi.json`, '--checks', 'not_a_server_error', '--mode', 'all'],
    // The live stream never ends, and a backfill waits for its poller.
    ...['--exclude-path', '/api/v1/live', '--exclude-path', '/api/v1/backfills'],
    ...[
      '--header',
      `Authorization: ${authorization}`,
      '--max-examples',
      '30',
      '--seed',
      '1',
      '--request-timeout',
      '60',
      '--continue-on-failure',
    ],
  ]
  const run = execute('python3', ['-m', 'schemathesis.cli', ...parameters], {
    env: { ...process.env, PYTHONPATH: folder, PYTHONDONTWRITEBYTECODE: '1', NO_COLOR: '1' },
    cwd: chain.directory,
    maxBuffer: 64 * 1024 * 1024,
  })
  const { stdout } = await run.catch((error: Error & { stdout?: string }) => {
    throw new Error(`schemathesis found: ${error.stdout?.slice(-8_000)}`)
  })
  const [, generated, passed] = /(\d+) generated, (\d+) passed/.exec(stdout) ?? []
  expect(Number(generated)).toBeGreaterThan(500)
  expect(passed).toBe(generated)
})
