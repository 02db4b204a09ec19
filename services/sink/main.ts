// The sink: every topic that declares a table -> ClickHouse. It inserts each Kafka batch at once, then commits.
import { openClock } from '#core/clock.ts'
import { sinkGroupOf } from '#core/consumer-groups.ts'
import { createStore } from '#platform/clickhouse/client.ts'
import { tableAccess } from '#platform/clickhouse/table-rows.ts'
import { afterRecords } from '#platform/kafka/after-records.ts'
import { createConsumeMetrics } from '#platform/kafka/consume-metrics.ts'
import { openOffsetReader } from '#platform/kafka/consumer-lag.ts'
import { startConsuming } from '#platform/kafka/consuming-service.ts'
import { connectionSettings, readServiceConfig, serviceSettings } from '#platform/process/config.ts'
import { createLogger } from '#platform/process/log.ts'
import { run } from '#platform/process/run.ts'
import { sources } from '#sources/index.ts'
import { groupsOfSink } from './subscriptions.ts'

const config = readServiceConfig({ ...connectionSettings, ...serviceSettings })
const log = createLogger('sink', config.LOG_LEVEL)

await run(log, 8_000, async (onStop) => {
  const store = createStore({
    url: config.CLICKHOUSE_URL,
    user: config.CLICKHOUSE_USER,
    password: config.CLICKHOUSE_PASSWORD,
    requestTimeoutMs: 20_000,
  })
  onStop('store', () => store.close())
  const clock = await openClock(config.SIMULATOR_URL, log)
  onStop('clock', clock.stop)
  const nowMs = (): number => clock.now().nowMs
  await startConsuming(
    {
      name: 'sink',
      config,
      log,
      nowMs,
      metrics: createConsumeMetrics('sink'),
      groups: async ({ kafka }, onStop) => {
        const offsets = await openOffsetReader(kafka)
        onStop('offsets', offsets.close)
        return groupsOfSink(sources, {
          tables: tableAccess(store),
          ...(config.SIMULATOR_URL !== undefined && { nowMs }),
          afterRecords: afterRecords(offsets, sinkGroupOf),
          log,
        })
      },
    },
    onStop,
  )
})
