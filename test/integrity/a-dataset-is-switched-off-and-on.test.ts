import { afterAll, beforeAll, expect, test } from 'vitest'
import { highWatermarks } from '#platform/kafka/consumer-lag.ts'
import { rawResponseSchema } from '#schemas/generated/records.ts'
import { otherDatasets, schedulesSetting } from '../support/other-datasets.ts'
import { rawResponse } from '../support/raw-responses.ts'
import { runScript, type ServiceProcess } from '../support/service-process.ts'
import { eventually, startUpstream } from './poller-parts.ts'
import { differences, type SimulatorClient, simulatorClient, windowOf } from './simulator-client.ts'
import { type Chain, dataset, startChain, writeRequests } from './whole-chain.ts'

let chain: Chain
let upstream: Awaited<ReturnType<typeof startUpstream>>
let simulator: SimulatorClient
beforeAll(async () => {
  chain = await startChain()
  upstream = await startUpstream({ startMs: Date.parse('2026-11-20T12:00:00Z'), seed: 4 })
  simulator = simulatorClient(upstream.url)
})
afterAll(async () => {
  await chain?.stop()
  await upstream?.stop()
})

const off = { DATASET_SCHEDULES: schedulesSetting([dataset, ...otherDatasets]) }
const pollerOf = (more: Record<string, string> = {}): Promise<ServiceProcess> =>
  chain.start('poller', {
    ...{ JAO_BASE_URL: upstream.url, SIMULATOR_URL: upstream.url, ORIGIN: 'simulated', BACKFILL_DAYS: '1' },
    ...{ SESSION_TIMEOUT_MS: '6000', ...more },
  })

interface Status {
  datasets: { dataset: string; off: boolean; nextDueAt: string | null; waiting: Record<string, number> }[]
}
const statusOf = async ({ url }: ServiceProcess): Promise<Status> => (await fetch(`${url}/status`)).json() as never

test('a dataset that is off is not polled, asked for or not, and /status says so; on again it is', async () => {
  const day = '2026-10-25'
  const poller = await pollerOf(off)
  await writeRequests(chain, upstream.url, [day])
  expect((await statusOf(poller)).datasets[0]).toMatchObject({
    ...{ dataset, off: true, nextDueAt: null, waiting: { live: 0, requested: 0, background: 0 } },
  })
  expect(await poller.kill('SIGTERM')).toBe(0)
  expect(await simulator.requests()).toEqual([])

  const again = await pollerOf()
  await eventually('what was asked for meanwhile is polled', async () => {
    const points = await chain.points('latest', day)
    return points.size > 0 && differences(await simulator.truth(day), points).length === 0
  })
  expect((await statusOf(again)).datasets[0]).toMatchObject({ dataset, off: false })
  await again.kill('SIGTERM')
  await chain.settled()
})

test('provisioning declares what is expected by the clock of the stack', async () => {
  const nowMs = await simulator.nowMs()
  await runScript('infra/provision/main.ts', { ...chain.environment, SIMULATOR_URL: upstream.url })
  await chain.settled()
  const tomorrow = windowOf('2026-11-21')
  const declared = await chain.query<{ declaredMs: number }>(
    `SELECT toUnixTimestamp64Milli(declared_at) + 0.0 AS declaredMs FROM tidemark.expected_windows
     WHERE dataset = '${dataset}' AND window_start = fromUnixTimestamp64Milli(${tomorrow.startMs})`,
  )
  const times = declared.map(({ declaredMs }) => declaredMs)
  expect(
    times.some((ms) => ms >= nowMs && ms <= nowMs + 3_600_000),
    `${nowMs}: ${times}`,
  ).toBe(true)
})

test('its raw answers are passed over: no slices, no dead letters; a replay brings them', async () => {
  await chain.normalizer.kill('SIGTERM')
  const normalizer = await chain.start('normalizer', off)
  expect(await (await fetch(`${normalizer.url}/status`)).json()).toMatchObject({ off: [dataset, ...otherDatasets] })
  const before = await highWatermarks(chain.kafka, 'jao.timeseries')
  const day = '2026-05-04'
  const nowMs = await simulator.nowMs()
  const query = `FromUtc=${new Date(windowOf(day).startMs).toISOString()}&ToUtc=${new Date(windowOf(day).endMs).toISOString()}`
  const body = await (await fetch(`${upstream.url}/core/api/data/maxExchanges?${query}`)).arrayBuffer()
  const answer = rawResponse(windowOf(day), Buffer.from(body), nowMs)
  const encode = await chain.registry.encoder('jao.raw', rawResponseSchema)
  await chain.producer.send('jao.raw', [{ key: answer.requestIdentity, value: encode(answer) }])
  await chain.settled()
  expect(await highWatermarks(chain.kafka, 'jao.timeseries')).toEqual(before)
  expect(await highWatermarks(chain.kafka, 'jao.dlq')).toEqual(new Map([[0, 0]]))
  expect(await (await fetch(`${normalizer.url}/metrics`)).text()).toMatch(
    /tidemark_ignored_items_total\{dataset="jao\.core\.maxExchanges",kind="answer-of-a-dataset-that-is-off",[^}]*\} 1/,
  )

  await chain.start('normalizer', { CONSUMER_GROUP: 'again' })
  await eventually('the day is stored', async () => (await chain.points('latest', day)).size > 0)
  await chain.settled()
  expect(differences(await simulator.truth(day), await chain.points('latest', day))).toEqual([])
})

test('a name that is not a dataset ends poller and normalizer with a sentence that names those there are', async () => {
  for (const service of ['poller', 'normalizer']) {
    const environment = { ...chain.environment, DATASET_SCHEDULES: 'jao.nothing:off' }
    await expect(runScript(`services/${service}/main.ts`, environment)).rejects.toThrow(
      /exited 2: Settings do not fit .*\s+DATASET_SCHEDULES: the entry jao\.nothing:off: there is no dataset jao\.nothing; there is: jao\.core\.maxExchanges/,
    )
  }
})
