// The normalizer: <source>.raw -> explode -> <source>.timeseries, <source>.series, <source>.dlq. Keeps no state.
// With --shadow it writes nowhere and tells how its output differs from that of the normalizer that runs.
import { z } from 'zod'
import { startConsuming } from '#platform/kafka/consuming-service.ts'
import { kafkaSettings, readServiceConfig, registrySettings, serviceSettings } from '#platform/process/config.ts'
import { createLogger } from '#platform/process/log.ts'
import { run } from '#platform/process/run.ts'
import { version } from '#platform/process/version.ts'
import { sources } from '#sources/index.ts'
import { transformVersions } from '#transform/datasets.ts'
import { datasetsOffSetting } from '#transform/datasets-off.ts'
import { createNormalizerMetrics } from './metrics.ts'
import { startShadow } from './shadow.ts'
import { subscribeTo } from './subscriptions.ts'

const config = readServiceConfig({
  ...kafkaSettings,
  ...registrySettings,
  ...serviceSettings,
  ...datasetsOffSetting,
  /** A group of another name reads all of raw from its beginning, beside the one that is live. */
  CONSUMER_GROUP: z
    .string()
    .regex(/^[\w.-]+$/)
    .default('normalizer'),
})
const shadow = process.argv.includes('--shadow')
const log = createLogger(shadow ? 'normalizer-shadow' : 'normalizer', config.LOG_LEVEL)

await run(log, 8_000, async (onStop) => {
  if (shadow) return startShadow(config, log, onStop)
  const metrics = createNormalizerMetrics()
  const service = {
    name: 'normalizer',
    groupId: config.CONSUMER_GROUP,
    config,
    log,
    metrics,
    shape: { minBytes: 1, maxWaitMs: 250, maxBytesPerPartition: 1024 * 1024, concurrentPartitions: 1 },
    status: () => ({ version, datasets: transformVersions(), off: [...config.DATASETS_OFF] }),
  }
  await startConsuming(
    {
      ...service,
      subscriptions: (registry) =>
        Promise.all(sources.map((source) => subscribeTo(source, registry, metrics.countIgnored, config.DATASETS_OFF))),
    },
    onStop,
  )
})
