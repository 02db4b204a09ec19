import { datasetsOff, type ScheduleOverrides } from '#core/dataset-schedules.ts'
import { transformVersions } from '#core/datasets.ts'
import { explodeRaw } from '#core/explode-raw.ts'
import { createKafka, type KafkaConnection } from '#platform/kafka/client.ts'
import { consume } from '#platform/kafka/consume.ts'
import { createConsumeMetrics } from '#platform/kafka/consume-metrics.ts'
import { forgetGroup } from '#platform/kafka/consumer-lag.ts'
import type { Subscription } from '#platform/kafka/process-batch.ts'
import type { Producer } from '#platform/kafka/produce.ts'
import { openRegistry, type RegistryConnection } from '#platform/kafka/registry.ts'
import { ok } from '#platform/kafka/verdict.ts'
import { serveHealth } from '#platform/process/health.ts'
import type { Logger } from '#platform/process/log.ts'
import type { OnStop } from '#platform/process/run.ts'
import { version } from '#platform/process/version.ts'
import { type RawResponse, rawResponseSchema } from '#schemas/generated/records.ts'
import { deadLetterTopic, rawTopic } from '#schemas/topics.ts'
import { sources } from '#sources/index.ts'
import type { Dataset, Source } from '#sources/source.ts'
import { diffAnswer } from './diff-answers.ts'
import { followLiveOutput, type LiveOutput } from './live-output.ts'
import { createShadowReport, type ShadowReport } from './shadow-report.ts'

type ShadowConfig = KafkaConnection &
  RegistryConnection & { HEALTH_HOST: string; HEALTH_PORT: number; DATASET_SCHEDULES: ScheduleOverrides }

const nowhere: Producer = {
  send: async () => [],
  sizeCheck: async () => () => undefined,
  disconnect: async () => {},
}

/** Explodes new answers in a consumer group of its own, and compares with production. /status shows the totals. */
export async function startShadow(config: ShadowConfig, log: Logger, onStop: OnStop): Promise<void> {
  const metrics = createConsumeMetrics('normalizer-shadow')
  const report = createShadowReport(metrics.registry)
  const since = new Date().toISOString()
  let notReady = (): string | undefined => 'not in its consumer group yet'
  const health = await serveHealth({
    host: config.HEALTH_HOST,
    port: config.HEALTH_PORT,
    notReady: () => notReady(),
    metrics: metrics.registry,
    log,
    status: () => ({ version, since, transformVersions: transformVersions(), ...report.totals() }),
  })
  onStop('health', health.stop)
  const kafka = createKafka(config, 'tidemark-normalizer-shadow', log)
  const registry = openRegistry(config)
  // Follow production's output before consuming raw, so that no slice of a consumed answer is missed.
  const followed = sources.map(async (source) => ({
    source,
    production: await followLiveOutput(kafka, registry, source.name),
  }))
  const subscriptions = (await Promise.all(followed)).map(({ source, production }) =>
    shadowOf(source, production, datasetsOff(config.DATASET_SCHEDULES), report, log),
  )
  const groupId = `normalizer-shadow-${crypto.randomUUID()}`
  onStop('group', () => forgetGroup(kafka, groupId))
  const consumption = await consume({
    kafka,
    groupId,
    service: { name: 'normalizer-shadow', version },
    subscriptions,
    shape: { minBytes: 1, maxWaitMs: 250, maxBytesPerPartition: 1024 * 1024, concurrentPartitions: 1 },
    from: 'newest',
    registry,
    producer: nowhere,
    log,
    onCommitted: (batch) => {
      metrics.measure(batch)
      const unreadable = batch.verdicts.filter(({ kind }) => kind === 'dead').length
      if (unreadable > 0) log.warn({ topic: batch.topic, unreadable }, 'records that this code cannot read')
    },
    crash: (error) => {
      log.fatal({ err: error }, 'the consumer cannot go on')
      process.exit(1)
    },
  })
  onStop('consumer', consumption.stop)
  notReady = consumption.notReady
  log.info({ health: health.url, version, transformVersions: transformVersions() }, 'normalizer-shadow runs')
}

function shadowOf(
  source: Source,
  production: LiveOutput,
  off: ReadonlySet<string>,
  report: ShadowReport,
  log: Logger,
): Subscription<RawResponse> {
  const datasets = new Map<string, Dataset>(source.datasets.map((dataset) => [dataset.name, dataset]))
  const topic = rawTopic(source.name).name
  return {
    topic,
    record: rawResponseSchema,
    deadLetterTopic: deadLetterTopic(source.name).name,
    handle: async (batch) => {
      const answers = batch.filter(({ record }) => !off.has(record.dataset))
      const [first] = answers
      if (first === undefined) return batch.map(() => ok())
      const { partition } = first
      const offsets = answers.map(({ offset }) => Number(offset))
      const theirs = await production.slicesOf(partition, offsets)
      answers.forEach((raw, index) => {
        const slices = theirs[index]
        const compared = slices && diffAnswer(explodeRaw(raw, datasets), slices)
        report.add(raw.record.dataset, `${topic}/${partition}/${raw.offset}`, compared)
      })
      log.info({ topic, partition, ...report.takeBatch() }, 'compared with production')
      return batch.map(() => ok())
    },
  }
}
