// The poller: upstream HTTP -> <source>.raw, poller-memory, polls. Its state is in topics. Ownership of a partition is
// the lease on the partition's hosts.
import { hostname } from 'node:os'
import { openClock } from '#core/clock.ts'
import { datasetsOff } from '#core/dataset-schedules.ts'
import { createKafka } from '#platform/kafka/client.ts'
import { openRegistry } from '#platform/kafka/registry.ts'
import { orExit } from '#platform/process/config.ts'
import { serveHealth } from '#platform/process/health.ts'
import { createLogger } from '#platform/process/log.ts'
import { run } from '#platform/process/run.ts'
import { startTracing } from '#platform/tracing/trace.ts'
import { followDeletions } from './deletion-limits.ts'
import { openFetcher } from './fetch.ts'
import { createMetrics } from './metrics.ts'
import { type Poller, startPoller } from './poller.ts'
import { openPublisher } from './publish.ts'
import { dueSettings, hostsToPoll, readPollerConfig, userAgent } from './settings.ts'

const { config, sourceSettings } = readPollerConfig()
const hosts = orExit(() => hostsToPoll(config, sourceSettings))

const { HEALTH_HOST: host, HEALTH_PORT: port, SIMULATOR_URL: simulatorUrl, ORIGIN: origin } = config
const log = createLogger('poller', config.LOG_LEVEL)
const poller = `${hostname()}-${process.pid}-${crypto.randomUUID().slice(0, 8)}`

await run(log, 8_000, async (onStop) => {
  onStop('traces', await startTracing('poller', config, log))
  const metrics = createMetrics()
  let polling: Poller | undefined
  const notReady = () => (polling ? polling.notReady() : 'connecting to Kafka and the schema registry')
  const status = () => polling?.status() ?? {}
  const health = await serveHealth({ host, port, notReady, status, metrics: metrics.registry, log })
  onStop('health', health.stop)
  const clock = await openClock(simulatorUrl, log)
  onStop('clock', clock.stop)
  const fetcher = openFetcher(userAgent(config))
  onStop('fetcher', fetcher.close)
  const kafka = createKafka(config, 'tidemark-poller', log)
  const registry = openRegistry(config)
  const asked = new Set(hosts.flatMap(({ datasets }) => datasets.map(({ source }) => source)))
  const publisher = await openPublisher(kafka, registry, asked)
  onStop('producer', publisher.disconnect)
  const deleted = await followDeletions(kafka, registry, log)
  onStop('deletions', async () => deleted.stop())
  const crash = (error: Error) => {
    log.fatal({ err: error }, 'crashed')
    process.exit(1)
  }
  const deps = { clock, fetcher, publisher, origin, poller, log }
  const { SESSION_TIMEOUT_MS: sessionTimeoutMs } = config
  polling = await startPoller({
    kafka,
    registry,
    hosts,
    deps,
    due: dueSettings(config),
    deleted,
    sessionTimeoutMs,
    metrics,
    crash,
  })
  onStop('polling', polling.stop)
  const off = [...datasetsOff(config.DATASET_SCHEDULES)]
  log.info({ health: health.url, origin, poller, hosts: hosts.map(({ name }) => name), off }, 'started')
})
