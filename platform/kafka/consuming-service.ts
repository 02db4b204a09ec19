import { serveHealth } from '../process/health.ts'
import type { Logger } from '../process/log.ts'
import type { OnStop } from '../process/run.ts'
import { version } from '../process/version.ts'
import { startTracing, type TracingSettings } from '../tracing/trace.ts'
import { createKafka, type Kafka, type KafkaConnection } from './client.ts'
import { type ConsumeOptions, consume } from './consume.ts'
import type { ConsumeMetrics } from './consume-metrics.ts'
import type { BatchShape } from './group-member.ts'
import type { Subscription } from './process-batch.ts'
import { openProducer, type Producer } from './produce.ts'
import { openRegistry, type Registry, type RegistryConnection } from './registry.ts'

/** A consumer group, and what the service does in it. */
export interface ConsumerGroup extends Pick<ConsumeOptions, 'from' | 'turn' | 'onAssigned'> {
  groupId: string
  shape: BatchShape
  subscriptions: Subscription[]
}

export interface ConsumingService {
  name: string
  config: KafkaConnection & RegistryConnection & TracingSettings & { HEALTH_HOST: string; HEALTH_PORT: number }
  log: Logger
  /** The pollers' clock, ms UTC. */
  nowMs: () => number
  metrics: ConsumeMetrics
  groups: (clients: KafkaClients, onStop: OnStop) => Promise<ConsumerGroup[]>
  status?: () => unknown
}

export interface KafkaClients {
  kafka: Kafka
  registry: Registry
  producer: Producer
}

/** Starts a service that consumes topics. Exits with code 1 if a consumer fails permanently. */
export async function startConsuming(service: ConsumingService, onStop: OnStop): Promise<void> {
  const { name, config, log, nowMs, metrics } = service
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
  const groups = await service.groups({ kafka, registry, producer }, onStop)
  const start = (group: ConsumerGroup) =>
    consume({
      ...{ ...group, kafka, registry, producer, log, nowMs },
      service: { name, version },
      onCommitted: (batch) => {
        metrics.measure(batch)
        const { verdicts, durationMs, ...counts } = batch
        const dead = verdicts.filter(({ kind }) => kind === 'dead').length
        log.info({ ...counts, dead, durationMs: Math.round(durationMs) }, 'batch done')
      },
      crash: (error) => {
        log.fatal({ err: error, group: group.groupId }, 'the consumer cannot go on')
        process.exit(1)
      },
    })
  const consumptions = await Promise.all(groups.map(start))
  onStop('consumers', async () => void (await Promise.all(consumptions.map(({ stop }) => stop()))))
  notReady = () => consumptions.map((each) => each.notReady()).find((why) => why !== undefined)
  log.info({ health: health.url, version }, `${name} runs`)
}
