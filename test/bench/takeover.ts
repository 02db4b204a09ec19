// Measures the time until a poller polls, after a takeover and from a cold start. The poll log has a year of polls and
// a million chunks. Also measures provisioning's copy of these polls to the poller's memory.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { partitionOfHost } from '#core/host.ts'
import { type Host, hostsOf } from '#core/hosts.ts'
import { readSourceSettings } from '#core/source-settings.ts'
import { topicsOf } from '#core/source-topics.ts'
import { migratePollMemory } from '#infra/provision/migrate-poll-memory.ts'
import { createKafka } from '#platform/kafka/client.ts'
import { highWatermarks } from '#platform/kafka/consumer-lag.ts'
import { openProducer, type Producer } from '#platform/kafka/produce.ts'
import { provisionSchemas, provisionTopics } from '#platform/kafka/provision.ts'
import { openRegistry } from '#platform/kafka/registry.ts'
import { kafkaSettings, readConfig, registrySettings } from '#platform/process/config.ts'
import { type Poll, pollSchema } from '#schemas/generated/records.ts'
import { platformTopics, pollerMemoryTopic, pollPartitions, pollsTopic } from '#schemas/topics.ts'
import { startSimulator } from '#simulator/server.ts'
import { sources } from '#sources/index.ts'
import { startRealParts } from '../support/real-parts.ts'
import { type ServiceProcess, startService } from '../support/service-process.ts'
import { chunkPolls, pollsOfAYear } from './year-of-polls.ts'

type Figures = Record<string, number>

const chunks = 1_000_000
const sessionTimeoutMs = 10_000
/** Interval of the tickers, s. It is short, so that the wait for a tick hardly counts. */
const everyS = 2
const settleMs = 125_000
const limits = { takeOverMs: sessionTimeoutMs + 3_000, coldMs: 8_000 }

export async function measureTakeover(tell: (line: string) => void): Promise<Figures> {
  const parts = await startRealParts({ kafka: true, registry: true })
  const simulator = await startSimulator({ startMs: Date.now(), speed: 1 })
  const logs = mkdtempSync(join(tmpdir(), 'tidemark-bench-'))
  const upstreams = {
    ...{ JAO_BASE_URL: simulator.url, SIMULATOR_URL: simulator.url, KRAKEN_BASE_URL: simulator.urls.kraken },
    ...{ BINANCE_BASE_URL: simulator.urls.binance, COINBASE_BASE_URL: simulator.urls.coinbase },
  }
  const settings = {
    ...{ ...parts.environment, ...upstreams, DATASET_SCHEDULES: '', ORIGIN: 'simulated', BACKFILL_DAYS: '0' },
    ...{ KRAKEN_EVERY_S: `${everyS}`, BINANCE_EVERY_S: `${everyS}`, COINBASE_EVERY_S: `${everyS}` },
    SESSION_TIMEOUT_MS: `${sessionTimeoutMs}`,
  }
  const started: ServiceProcess[] = []
  const poller = async (): Promise<ServiceProcess> => {
    const one = await startService('poller', settings, join(logs, `poller-${started.length}.log`))
    started.push(one)
    return one
  }
  try {
    const hosts = hostsOf(sources, readSourceSettings(upstreams), new Map())
    const generated = await fill(parts.environment, hosts, tell)
    const cold = await firstPoll(poller, tell)
    const takeOver = await killed([cold.poller, await poller()], tell)
    return { ...generated, cold_poller_ms: cold.ms, cold_poller_limit_ms: limits.coldMs, ...takeOver }
  } finally {
    await Promise.all(started.map((one) => one.kill('SIGTERM')))
    await simulator.stop()
    await parts.stop()
    rmSync(logs, { recursive: true, force: true })
  }
}

async function fill(
  environment: Record<string, string>,
  hosts: Host[],
  tell: (line: string) => void,
): Promise<Figures> {
  const connection = readConfig({ ...kafkaSettings, ...registrySettings }, environment)
  const kafka = createKafka(connection, 'bench')
  const registry = openRegistry(connection)
  const topics = [...platformTopics, ...sources.flatMap(topicsOf)]
  await provisionTopics(kafka, topics, 1)
  await provisionSchemas(connection, topics)
  const encode = await registry.encoder(pollsTopic.name, pollSchema)
  const producer = await openProducer(kafka)
  const sums = { polls: 0 }
  const startedMs = performance.now()
  const telling = setInterval(() => tell(`${sums.polls.toLocaleString('en')} polls written`), 30_000)
  try {
    await write(producer, encode, chunkPolls(chunks), sums)
    const all = hosts.map((host) => write(producer, encode, pollsOfAYear(host, Date.now()), sums))
    await Promise.all(all)
    // Waits until the polls, which were written within minutes, no longer count towards the budget.
    await sleep(settleMs)
    await write(
      producer,
      encode,
      hosts.flatMap((host) => pollsOfAYear(host, Date.now()).take(1).toArray()),
      sums,
    )
  } finally {
    clearInterval(telling)
    await producer.disconnect()
  }
  tell(`${sums.polls.toLocaleString('en')} polls in ${Math.round((performance.now() - startedMs) / 1_000)} s`)
  const carried = await migratePollMemory({ kafka, registry, say: tell })
  const memory = [...(await highWatermarks(kafka, pollerMemoryTopic.name)).values()].reduce((sum, end) => sum + end, 0)
  return { polls_before: sums.polls, carry_over_s: carried?.seconds ?? Number.NaN, memory_records: memory }
}

const pollsAtOnce = 5_000

async function write(
  producer: Producer,
  encode: (poll: Poll) => Buffer,
  polls: Iterable<Poll>,
  sums: { polls: number },
): Promise<void> {
  let records: Parameters<Producer['send']>[1] = []
  const send = async (): Promise<void> => {
    await producer.send(pollsTopic.name, records)
    sums.polls += records.length
    records = []
  }
  for (const poll of polls) {
    const partition = partitionOfHost(poll.host, pollPartitions)
    records.push({ key: poll.requestIdentity, value: encode(poll), partition })
    if (records.length === pollsAtOnce) await send()
  }
  await send()
}

const tickers = ['kraken.ticker', 'binance.ticker24hr', 'coinbase.ticker']

async function pollsBy({ url }: ServiceProcess, dataset: string): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text()
  const counts = metrics.matchAll(new RegExp(`^tidemark_polls_total\\{dataset="${dataset}".*\\} (\\d+)$`, 'gm'))
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0)
}

async function untilPolled(poller: ServiceProcess, datasets: readonly string[], before = new Map<string, number>()) {
  for (;;) {
    for (const dataset of datasets) if ((await pollsBy(poller, dataset)) > (before.get(dataset) ?? 0)) return
    await sleep(20)
  }
}

async function firstPoll(start: () => Promise<ServiceProcess>, tell: (line: string) => void) {
  const startedMs = performance.now()
  const poller = await start()
  await untilPolled(poller, tickers)
  const ms = Math.round(performance.now() - startedMs)
  tell(`a cold poller polls after ${ms} ms, the limit is ${limits.coldMs} ms`)
  return { poller, ms }
}

async function tickersOf({ url }: ServiceProcess): Promise<string[]> {
  const status = (await (await fetch(`${url}/status`)).json()) as { datasets: { dataset: string; owned: boolean }[] }
  return status.datasets.flatMap(({ dataset, owned }) => (owned && tickers.includes(dataset) ? [dataset] : []))
}

/** Kills the poller that owns more tickers. Returns the time until the other poller has polled all those tickers. */
async function killed(pollers: ServiceProcess[], tell: (line: string) => void): Promise<Figures> {
  let shares: { poller: ServiceProcess; owned: string[] }[] = []
  while (shares.flatMap(({ owned }) => owned).length < tickers.length) {
    await sleep(100)
    shares = await Promise.all(pollers.map(async (poller) => ({ poller, owned: await tickersOf(poller) })))
  }
  const [dying, heir] = shares.toSorted((one, other) => other.owned.length - one.owned.length)
  if (dying === undefined || heir === undefined) throw new Error('there are not two pollers')
  const before = new Map<string, number>()
  for (const dataset of dying.owned) before.set(dataset, await pollsBy(heir.poller, dataset))
  await dying.poller.kill('SIGKILL')
  const killedMs = performance.now()
  await Promise.all(dying.owned.map((dataset) => untilPolled(heir.poller, [dataset], before)))
  const ms = Math.round(performance.now() - killedMs)
  tell(
    `the hosts of a killed poller (${dying.owned.length}) are polled after ${ms} ms, the limit is ${limits.takeOverMs} ms`,
  )
  return { take_over_ms: ms, take_over_limit_ms: limits.takeOverMs }
}
