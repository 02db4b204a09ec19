// The API: reads of everything that is stored, over HTTP.
import { openClock } from '#core/clock.ts'
import { consumerGroups } from '#core/consumer-groups.ts'
import { createStore, readRows, type Store } from '#platform/clickhouse/client.ts'
import { boundOf } from '#platform/clickhouse/deletions.ts'
import { createKafka } from '#platform/kafka/client.ts'
import { openLagReader } from '#platform/kafka/lag-reader.ts'
import { openProducer } from '#platform/kafka/produce.ts'
import { openRecordReader } from '#platform/kafka/record-reader.ts'
import { openRegistry } from '#platform/kafka/registry.ts'
import { serveHealth } from '#platform/process/health.ts'
import { createLogger } from '#platform/process/log.ts'
import { run } from '#platform/process/run.ts'
import { rawTopic } from '#schemas/topics.ts'
import { sources } from '#sources/index.ts'
import { asOfReader } from './as-of.ts'
import { openAuditLog } from './audit.ts'
import { createJobs } from './jobs.ts'
import { openFeed } from './live/feed.ts'
import { createMetrics } from './metrics.ts'
import { rememberedByName } from './remembered.ts'
import { rowSender } from './rows.ts'
import { buildServer } from './server.ts'
import { openOidc } from './session/oidc.ts'
import { openSessions } from './session/sessions.ts'
import { readApiConfig } from './settings.ts'
import { openTokens } from './tokens.ts'
import { openUsage } from './usage.ts'

const config = readApiConfig()
const { HEALTH_HOST: host, HEALTH_PORT: port } = config
const log = createLogger('api', config.LOG_LEVEL)

/** Limits of every read. The store ends a statement that exceeds them. */
const readLimits = {
  max_execution_time: 30,
  max_memory_usage: String(1024 ** 3),
  cancel_http_readonly_queries_on_client_close: 1,
} as const
/** Limit of the raw records that stay in memory, bytes. */
const maxCachedBytes = 32 * 1024 * 1024
/** A deletion is obeyed after this time, ms. */
const boundForMs = 1_000
const crash = (error: Error): void => {
  throw error
}

await run(log, 8_000, async (onStop) => {
  const metrics = createMetrics()
  let address: string | undefined
  const notReady = () => (address === undefined ? 'starting' : undefined)
  const status = () => ({ address: address ?? null })
  const health = await serveHealth({ host, port, notReady, status, metrics: metrics.registry, log })
  onStop('health', health.stop)
  const clock = await openClock(config.SIMULATOR_URL, log)
  onStop('clock', clock.stop)
  const connection = { url: config.CLICKHOUSE_URL, requestTimeoutMs: 60_000 }
  const { CLICKHOUSE_READER_USER: reader, CLICKHOUSE_READER_PASSWORD: readerPassword } = config
  const store = createStore({ ...connection, user: reader, password: readerPassword, settings: readLimits })
  onStop('store', () => store.close())
  const kafka = createKafka(config, 'tidemark-api', log)
  const registry = openRegistry(config)
  const lags = await openLagReader(kafka, consumerGroups())
  onStop('lags', lags.close)
  const records = await openRecordReader(
    kafka,
    sources.map(({ name }) => rawTopic(name).name),
    { maxCachedBytes, crash },
  )
  onStop('records', records.close)
  const producer = await openProducer(kafka)
  onStop('producer', producer.disconnect)
  const tokens = await openTokens({ kafka, registry }, log, crash)
  onStop('tokens', tokens.stop)
  const writer = createStore({ ...connection, user: config.CLICKHOUSE_USER, password: config.CLICKHOUSE_PASSWORD })
  onStop('writer', () => writer.close())
  const audit = await openAuditLog({ producer, registry }, log)
  const jobs = createJobs()
  onStop('jobs', jobs.stop)
  const usage = await openUsage({ producer, registry }, log)
  onStop('usage', usage.stop)
  const nowMs = (): number => clock.now().nowMs
  const asOf = asOfReader(store, nowMs)
  const feed = await openFeed({ kafka, registry }, crash)
  onStop('feed', feed.stop)
  const publicUrl = config.API_PUBLIC_URL?.replace(/\/+$/, '')
  const server = await buildServer({
    ...{ store, nowMs, metrics, usage, log },
    rows: rowSender(store, metrics.onQuestion),
    ...{ writer, audit, jobs },
    parkedNow: () => readParked(store),
    asOf,
    live: { feed, store, settledMs: async () => Date.parse((await asOf.read(null, null)).settled) },
    raw: { kafka, registry, records },
    boundOf: rememberedByName(boundForMs, (dataset) => boundOf(store, dataset)),
    lag: () => lags.read(Date.now()),
    pollerUrl: config.POLLER_URL,
    normalizerUrl: config.NORMALIZER_URL,
    sinkUrl: config.SINK_URL,
    monitorUrl: config.MONITOR_URL,
    alerterUrl: config.ALERTER_URL,
    producer,
    origin: config.SIMULATOR_URL === undefined ? 'live' : 'simulated',
    publicUrl,
    sessions: await openSessions({ producer, registry }, tokens),
    oidc: openOidc(config),
    access: {
      isAnonymousAllowed: config.API_ANONYMOUS === 'on' && publicUrl === undefined,
      publicUrl,
      callerOf: tokens.callerOf,
    },
    requestsPerMinute: config.API_REQUESTS_PER_MINUTE,
  })
  address = await server.listen({ host: config.API_HOST, port: config.API_PORT })
  onStop('server', () => server.close())
  log.info({ health: health.url, address }, 'started')
})

/** Returns the datasets that are parked, by the newest record of each. */
const readParked = (store: Store): Promise<{ dataset: string }[]> =>
  readRows(
    store,
    `SELECT dataset FROM tidemark.parking_log GROUP BY dataset HAVING argMax(state, offset) = 'parked'`,
    {},
  )
