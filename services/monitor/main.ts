// The monitor: declares what is expected, evaluates completeness, runs the checks across answers, and publishes both and
// metrics.
import { hostname } from 'node:os'
import { openClock } from '#core/clock.ts'
import { consumerGroups } from '#core/consumer-groups.ts'
import { expectationDeclarer } from '#core/declare-expectations.ts'
import { createStore } from '#platform/clickhouse/client.ts'
import { createKafka } from '#platform/kafka/client.ts'
import { openLagReader } from '#platform/kafka/lag-reader.ts'
import { openProducer } from '#platform/kafka/produce.ts'
import { openRegistry } from '#platform/kafka/registry.ts'
import { serveHealth } from '#platform/process/health.ts'
import { createLogger } from '#platform/process/log.ts'
import { run } from '#platform/process/run.ts'
import { completenessTopic, qualityFindingsTopic } from '#schemas/completeness-topics.ts'
import { completenessChangeSchema, hostLogSchema, qualityFindingSchema } from '#schemas/generated/records.ts'
import { hostLogTopic } from '#schemas/topics.ts'
import { startBackupWatch } from './backup-watch.ts'
import { createMetrics } from './metrics.ts'
import { type Monitor, startMonitor } from './monitor.ts'
import { startPointCheck } from './point-loop.ts'
import { startQuality } from './quality.ts'
import { startReadings } from './readings.ts'
import { readMonitorConfig } from './settings.ts'
import { storeFigures } from './store-figures.ts'
import { storedClock } from './stored-clock.ts'

const { config, hosts } = readMonitorConfig()
const { HEALTH_HOST: host, HEALTH_PORT: port, SIMULATOR_URL: simulatorUrl } = config
const log = createLogger('monitor', config.LOG_LEVEL)

await run(log, 8_000, async (onStop) => {
  const metrics = createMetrics(hosts)
  let monitor: Monitor | undefined
  const notReady = () => (monitor ? monitor.notReady() : 'connecting to Kafka and the schema registry')
  const health = await serveHealth({ host, port, notReady, metrics: metrics.registry, log })
  onStop('health', health.stop)
  const clock = await openClock(simulatorUrl, log)
  onStop('clock', clock.stop)
  const { CLICKHOUSE_URL: url, CLICKHOUSE_USER: user, CLICKHOUSE_PASSWORD: password } = config
  const store = createStore({ url, user, password, requestTimeoutMs: 60_000 })
  onStop('store', () => store.close())
  const storedNow = storedClock(store, simulatorUrl === undefined ? undefined : clock)
  const backups = startBackupWatch(config, metrics, log)
  onStop('backups', backups.stop)
  const registry = openRegistry(config)
  const kafka = createKafka(config, 'tidemark-monitor', log)
  const producer = await openProducer(kafka)
  onStop('producer', producer.disconnect)
  const lags = await openLagReader(kafka, consumerGroups())
  onStop('lags', lags.close)
  const readings = startReadings({
    lags: () => lags.read(Date.now()),
    figures: storeFigures(store, storedNow),
    // Asks the registry each time for the id of a schema.
    registry: () => registry.encoder(completenessTopic.name, completenessChangeSchema).then(() => undefined),
    ...{ clock, metrics, log },
  })
  onStop('readings', readings.stop)
  const points = startPointCheck({ access: { url, user, password }, storedNow, kafka, registry, metrics, log })
  onStop('points', points.stop)
  const overrides = config.DATASET_SCHEDULES
  const declare = await expectationDeclarer({ store, producer, registry, hosts, overrides, by: 'monitor' })
  const encode = await registry.encoder(completenessTopic.name, completenessChangeSchema)
  const encodeHostLog = await registry.encoder(hostLogTopic.name, hostLogSchema)
  const by = `monitor-${hostname()}-${process.pid}-${crypto.randomUUID().slice(0, 8)}`
  monitor = startMonitor({ store, producer, encode, encodeHostLog, by, declare, clock, metrics, log })
  onStop('monitor', monitor.stop)
  const encodeFinding = await registry.encoder(qualityFindingsTopic.name, qualityFindingSchema)
  const quality = startQuality({ store, storedNow, producer, encode: encodeFinding, clock, metrics, log })
  onStop('quality', quality.stop)
  log.info({ health: health.url, hosts: hosts.map(({ name }) => name) }, 'started')
})
