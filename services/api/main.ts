// The API: reads of everything that is stored, over HTTP.
import { openClock } from '#core/clock.ts'
import { createStore } from '#platform/clickhouse/client.ts'
import { serveHealth } from '#platform/process/health.ts'
import { createLogger } from '#platform/process/log.ts'
import { run } from '#platform/process/run.ts'
import { asOfReader } from './as-of.ts'
import { createMetrics } from './metrics.ts'
import { rowSender } from './rows.ts'
import { buildServer } from './server.ts'
import { readApiConfig } from './settings.ts'

const config = readApiConfig()
const { HEALTH_HOST: host, HEALTH_PORT: port } = config
const log = createLogger('api', config.LOG_LEVEL)

await run(log, 8_000, async (onStop) => {
  const metrics = createMetrics()
  let isListening = false
  const notReady = () => (isListening ? undefined : 'starting')
  const health = await serveHealth({ host, port, notReady, metrics: metrics.registry, log })
  onStop('health', health.stop)
  const clock = await openClock(config.SIMULATOR_URL, log)
  onStop('clock', clock.stop)
  const store = createStore({
    url: config.CLICKHOUSE_URL,
    user: config.CLICKHOUSE_READER_USER,
    password: config.CLICKHOUSE_READER_PASSWORD,
    requestTimeoutMs: 60_000,
  })
  onStop('store', () => store.close())
  const nowMs = (): number => clock.now().nowMs
  const publicHost = config.API_PUBLIC_URL === undefined ? undefined : new URL(config.API_PUBLIC_URL).host
  const server = await buildServer({
    ...{ store, nowMs, metrics, log },
    rows: rowSender(store),
    asOf: asOfReader(store, nowMs),
    access: {
      isAnonymousAllowed: config.API_ANONYMOUS === 'on' && publicHost === undefined,
      publicHost,
      callerOf: () => undefined,
    },
    requestsPerMinute: 6_000,
  })
  const address = await server.listen({ host: config.API_HOST, port: config.API_PORT })
  onStop('server', () => server.close())
  isListening = true
  log.info({ health: health.url, address }, 'started')
})
