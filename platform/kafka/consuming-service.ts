import { serveHealth } from '../process/health.ts'
import type { Logger } from '../process/log.ts'
import type { OnStop } from '../process/run.ts'
import { version } from '../process/version.ts'
import { startTracing, type TracingSettings } from '../tracing/trace.ts'
import { createKafka, type Kafka, type KafkaConnection } from './client.ts'
import { consume } from './consume.ts'
import type { ConsumeMetrics } from './consume-metrics.ts'
import type { BatchShape } from './group-member.ts'
import type { Subscription } from './process-batch.ts'
import { openProducer, type Producer } from './produce.ts'
import { openRegistry, type Registry, type RegistryConnection } from './registry.ts'

export interface ConsumingService {
  name: string
  groupId: string
  config: KafkaConnection & RegistryConnection & TracingSettings & { HEALTH_HOST: string; HEALTH_PORT: number }
  log: Logger
  metrics: ConsumeMetrics
  shape: BatchShape
  subscriptions: (clients: KafkaClients, onStop: OnStop) => Promise<Subscription[]> | Subscription[]
  status?: () => unknown
}

export interface KafkaClients {
  kafka: Kafka
  registry: Registry
  producer: Producer
}

/** Starts a service that consumes topics. Exits with code 1 if the consumer fails permanently. */
export async function startConsuming(service: ConsumingService, onStop: OnStop): Promise<void> {
  const { name, config, log, metrics } = service
  onStop('traces', await startTracing(name, config, log))
  let notReady = (): string | undefined => 'not in its consumer group yet'
  const health = await serveHealth({
    host: config.HEALTH_HOST,
    port: config.HEALTH_PORT,
    notReady: () => notReady(),
    metrics: metrics.registry,
    log,
    ...(service.status && { status: service.status }),
  })
  onStop('health', health.stop)
  const kafka = createKafka(config, `tidemark-${name}`, log)
  const registry = openRegistry(config)
  const producer = await openProducer(kafka)
  onStop('producer', producer.disconnect)
  const consumption = await consume({
    kafka,
    groupId: service.groupId,
    service: { name, version },
    subscriptions: await service.subscriptions({ kafka, registry, producer }, onStop),
    shape: service.shape,
    registry,
    producer,
    log,
    onCommitted: (batch) => {
      metrics.measure(batch)
      const { verdicts, durationMs, ...counts } = batch
      const dead = verdicts.filter(({ kind }) => kind === 'dead').length
      log.info({ ...counts, dead, durationMs: Math.round(durationMs) }, 'batch done')
    },
    crash: (error) => {
      log.fatal({ err: error }, 'the consumer cannot go on')
      process.exit(1)
    },
  })
  onStop('consumer', consumption.stop)
  notReady = consumption.notReady
  log.info({ health: health.url, version }, `${name} runs`)
}
