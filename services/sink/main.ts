// The sink: every topic that declares a table -> ClickHouse. It inserts each Kafka batch at once, then commits.
import { sinkGroup, sinkLettersGroup } from '#core/consumer-groups.ts'
import { createStore, insert } from '#platform/clickhouse/client.ts'
import { createConsumeMetrics } from '#platform/kafka/consume-metrics.ts'
import { openOffsetReader } from '#platform/kafka/consumer-lag.ts'
import { startConsuming } from '#platform/kafka/consuming-service.ts'
import { connectionSettings, readServiceConfig, serviceSettings } from '#platform/process/config.ts'
import { createLogger } from '#platform/process/log.ts'
import { run } from '#platform/process/run.ts'
import { sources } from '#sources/index.ts'
import { afterPoints } from './after-points.ts'
import { subscriptions } from './subscriptions.ts'

const config = readServiceConfig({ ...connectionSettings, ...serviceSettings })
const log = createLogger('sink', config.LOG_LEVEL)

const shape = { minBytes: 1, maxWaitMs: 250, maxBytesPerPartition: 4 * 1024 * 1024, concurrentPartitions: 2 }
/**
 * Dead letters are whole answers of up to 16 MiB, of which only the headers are stored. They lie compressed on their
 * topics, and a fetch is decompressed at once: 4 MiB of answers full of nulls are 10 GiB. A fetch of 32 KiB is at least
 * one batch, and at most about 90 MiB.
 */
const lettersShape = { ...shape, maxBytesPerPartition: 32 * 1024, concurrentPartitions: 1 }

await run(log, 8_000, async (onStop) => {
  const store = createStore({
    url: config.CLICKHOUSE_URL,
    user: config.CLICKHOUSE_USER,
    password: config.CLICKHOUSE_PASSWORD,
    requestTimeoutMs: 20_000,
  })
  onStop('store', () => store.close())
  await startConsuming(
    {
      name: 'sink',
      config,
      log,
      metrics: createConsumeMetrics('sink'),
      groups: async ({ kafka }, onStop) => {
        const offsets = await openOffsetReader(kafka)
        onStop('offsets', offsets.close)
        const all = subscriptions(sources, {
          insertInto: (table, columns, rows) => insert(store, table, columns, rows),
          afterPoints: afterPoints(offsets, sinkGroup),
          log,
        })
        return [
          { groupId: sinkGroup, shape, subscriptions: all.filter(({ record }) => record !== null) },
          {
            groupId: sinkLettersGroup,
            shape: lettersShape,
            subscriptions: all.filter(({ record }) => record === null),
          },
        ]
      },
    },
    onStop,
  )
})
