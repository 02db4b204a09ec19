// A thousand markets with eight metrics every 10 s: a day of samples in the store, then live ticks. Measures the times
// of queries, the age of market_24h and the cost of computing it.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { migrations } from '#infra/clickhouse/migrations.ts'
import { applySourceStatements } from '#infra/provision/source-statements.ts'
import { spawnEndpoint } from '#local/clickhouse/spawn.ts'
import { createStore, insert, insertSettings, type Store } from '#platform/clickhouse/client.ts'
import { migrate } from '#platform/clickhouse/migrate.ts'
import { slicesTable } from '#schemas/tables.ts'
import { sources } from '#sources/index.ts'
import { cpuSeconds } from './cpu.ts'
import { percentile, read, repeatable, time } from './store-queries.ts'

type Figures = Record<string, number>

const markets = 1_000
const metrics = ['last', 'bid', 'ask', 'high', 'low', 'vwap', 'volume', 'trades']
const everyS = 10
const dayTicks = 86_400 / everyS
/** Ticks per insert while the past day is loaded: as many as the sink inserts at once after an outage. */
const ticksAnInsert = 60
const dataset = 'kraken.ticker'

/** Returns times of queries, the age of market_24h and the CPU of computing it, in percent of one core. */
export async function measureMarkets(tell: (line: string) => void): Promise<Figures> {
  const directory = mkdtempSync(join(tmpdir(), 'tidemark-bench-'))
  const endpoint = await spawnEndpoint({ dataDir: join(directory, 'clickhouse'), port: 0 })
  const store = createStore({ url: endpoint.url, ...endpoint.credentials.writer, requestTimeoutMs: 600_000 })
  const cpuPercent = (seconds: number) => cpuOver(endpoint.child.pid ?? 0, seconds)
  try {
    await migrate(store, migrations)
    const bare = await cpuPercent(30)
    await applySourceStatements(store, sources)
    const empty = await cpuPercent(30)
    tell(`an empty store: ${bare} % of a core, with the statements of sources ${empty} %`)
    await loadDay(store)
    const samples = await samplesIn(store)
    tell(`${samples.samples} samples loaded`)
    await untilAddedUp(store, tell)
    const merging = await cpuPercent(60)
    tell(`kept up to date without ticks: ${merging} % of a core`)
    const refreshing = await refreshCpu(store, cpuPercent)
    tell(`refreshing while ticks come: ${refreshing.refresh_cpu_percent} % of a core`)
    const ages = await measureAges(store, 90)
    return {
      ...samples,
      empty_store_without_markets_cpu_percent: bare,
      empty_store_cpu_percent: empty,
      without_ticks_cpu_percent: merging,
      ...refreshing,
      ...ages,
      ...(await refreshMs(store)),
      ...(await askAll(store)),
    }
  } finally {
    await store.close()
    await endpoint.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

async function cpuOver(pid: number, seconds: number): Promise<number> {
  const before = cpuSeconds(pid)
  await sleep(seconds * 1000)
  return Number((((cpuSeconds(pid) - before) / seconds) * 100).toFixed(1))
}

async function loadDay(store: Store): Promise<void> {
  const firstS = Math.floor(Date.now() / 1000 / everyS) * everyS - 86_400
  for (let tick = 0; tick < dayTicks; tick += ticksAnInsert) {
    const parameters = { firstS: firstS + tick * everyS, rows: ticksAnInsert * markets * metrics.length }
    await store.command({ query: insertTicks, query_params: parameters, clickhouse_settings: insertSettings })
  }
}

const insertTicks = `
INSERT INTO tidemark.slices
WITH
  number % ${markets * metrics.length} AS series,
  {firstS:Int64} + ${everyS} * intDiv(number, ${markets * metrics.length}) AS at
SELECT
  '${dataset}' AS dataset,
  concat('MARKET', toString(intDiv(series, ${metrics.length})), '.', [${metrics.map((one) => `'${one}'`)}][series % ${metrics.length} + 1]) AS key,
  at * 1000 AS window_start_ms,
  at * 1000 + ${everyS * 1000} AS window_end_ms,
  at * 1000 AS start_ms,
  ${everyS} AS step_s,
  [toFloat64(100 + cityHash64(series) % 1000 + (cityHash64(series, at) % 1000) / 100)] AS told,
  at * 1000 + 200 AS known_at_ms,
  NULL AS upstream_modified_at_ms,
  1 AS transform_version,
  [] AS flags,
  'simulated' AS origin,
  0 AS raw_partition,
  at AS raw_offset,
  cityHash64('${dataset}') % 9007199254740991 + 1 AS identity
FROM numbers(toUInt64({rows:Int64}))`

async function untilAddedUp(store: Store, tell: (line: string) => void): Promise<void> {
  for (;;) {
    const text = await read(store, 'SELECT uniq(bucket) FROM tidemark.market_buckets', {})
    if (Number(text) >= 143) return
    tell(`${text.trim()} buckets of 144 added up`)
    await sleep(20_000)
  }
}

/** Inserts a tick of all markets every 10 s, until the returned function is called. Rejects there if an insert failed. */
function startTicks(store: Store, onInserted: (atMs: number) => Promise<void> = async () => undefined) {
  const target = slicesTable
  if (!target) throw new Error('slices have no table')
  const stopped = new AbortController()
  const ticking = (async () => {
    while (!stopped.signal.aborted) {
      const atMs = Math.floor(Date.now() / 10_000) * 10_000
      await insert(store, target.table, target.columns, tickOf(atMs).map(target.row))
      await onInserted(atMs)
      await sleep(Math.max(0, atMs + 10_000 - Date.now()))
    }
  })()
  return async (): Promise<void> => {
    stopped.abort()
    await ticking
  }
}

/**
 * Returns the CPU of the store while ticks come, in percent of one core: with the views that keep market_24h, without
 * them, and the difference. It depends on the minute, as a refresh reads the samples that no bucket has: at least three
 * minutes are measured. Nobody asks meanwhile.
 */
async function refreshCpu(store: Store, cpuPercent: (seconds: number) => Promise<number>): Promise<Figures> {
  const stopTicks = startTicks(store)
  const withRefreshes = await cpuPercent(180)
  await store.command({ query: 'SYSTEM STOP VIEWS' })
  const without = await cpuPercent(60)
  await store.command({ query: 'SYSTEM START VIEWS' })
  await stopTicks()
  return {
    ticking_cpu_percent: withRefreshes,
    ticking_without_refreshing_cpu_percent: without,
    refresh_cpu_percent: Number((withRefreshes - without).toFixed(1)),
  }
}

async function measureAges(store: Store, seconds: number): Promise<Figures> {
  const ages: number[] = []
  const delays: number[] = []
  const newest = () => read(store, 'SELECT toUnixTimestamp(max(last_at)) FROM tidemark.market_24h', {})
  const stopTicks = startTicks(store, async (atMs) => {
    const insertedMs = Date.now()
    while (Number(await newest()) * 1000 < atMs) await sleep(100)
    delays.push(Date.now() - insertedMs)
  })
  const untilMs = Date.now() + seconds * 1000
  while (Date.now() < untilMs) {
    const at = Number(await read(store, 'SELECT toUnixTimestamp(max(at)) FROM tidemark.market_24h', {}))
    ages.push(Date.now() - at * 1000)
    await sleep(200)
  }
  await stopTicks()
  return {
    market_24h_age_p50_ms: percentile(ages, 0.5),
    market_24h_age_p95_ms: percentile(ages, 0.95),
    market_24h_age_max_ms: percentile(ages, 1),
    tick_until_in_market_24h_p50_ms: percentile(delays, 0.5),
    tick_until_in_market_24h_max_ms: percentile(delays, 1),
  }
}

/** Counts the samples that the store has, in points and among those of the last day. */
async function samplesIn(store: Store): Promise<Figures> {
  const rowsOf = async (table: string) =>
    Number(await read(store, `SELECT count() FROM tidemark.${table} WHERE dataset = '${dataset}'`, {}))
  return { samples: await rowsOf('points'), samples_of_the_last_day: await rowsOf('market_samples') }
}

function tickOf(atMs: number) {
  return Array.from({ length: markets * metrics.length }, (_, series) => ({
    dataset,
    key: `MARKET${Math.floor(series / metrics.length)}.${metrics[series % metrics.length]}`,
    windowStart: atMs,
    windowEnd: atMs + everyS * 1000,
    start: atMs,
    step: everyS,
    values: [100 + Math.random()],
    knownAt: Date.now(),
    upstreamModifiedAt: null,
    transformVersion: 1,
    unit: 'USD',
    flags: [],
    origin: 'simulated',
    identity: 1,
    raw: { partition: 0, offset: 0 },
  }))
}

async function refreshMs(store: Store): Promise<Figures> {
  const took: number[] = []
  for (let nth = 0; nth < 20; nth++) {
    const query = `SELECT last_success_duration_ms FROM system.view_refreshes WHERE database = 'tidemark' AND view = 'fill_market_turns'`
    took.push(Number(await read(store, query, {})))
    await sleep(3_000)
  }
  return { refresh_p50_ms: percentile(took, 0.5), refresh_max_ms: percentile(took, 1) }
}

async function askAll(store: Store): Promise<Figures> {
  const random = repeatable(24)
  const market = () => `MARKET${Math.floor(random() * markets)}`
  const told = (name: string, ms: number[]): Figures => ({
    [`${name}_p50_ms`]: percentile(ms, 0.5),
    [`${name}_p95_ms`]: percentile(ms, 0.95),
  })
  const series = (stepS: number) =>
    time(60, () =>
      read(
        store,
        `SELECT * FROM tidemark.market_series(market = {market:String}, metric = 'last', step_s = ${stepS})`,
        {
          market: market(),
        },
      ),
    )
  return {
    ...told('market_24h_all', await time(60, () => read(store, 'SELECT * FROM tidemark.market_24h', {}))),
    ...told(
      'market_24h_one_market',
      await time(60, () =>
        read(store, 'SELECT * FROM tidemark.market_24h WHERE market = {market:String}', { market: market() }),
      ),
    ),
    ...told(
      'market_rank',
      await time(60, () => read(store, "SELECT * FROM tidemark.market_rank(metric = 'last')", {})),
    ),
    ...told('market_series_10_s', await series(10)),
    ...told('market_series_5_min', await series(300)),
  }
}
