// One-shot: topics, schemas, tables and views, as schemas/, infra/clickhouse/migrations and sources/ declare them.
// Safe to run again and beside a running stack. Exit 0 when all is there.
import { z } from 'zod'
import { createStore } from '#platform/clickhouse/client.ts'
import { MigrationError, migrate } from '#platform/clickhouse/migrate.ts'
import { createKafka } from '#platform/kafka/client.ts'
import { provisionSchemas, provisionTopics } from '#platform/kafka/provision.ts'
import { connectionSettings, readServiceConfig, serviceSettings } from '#platform/process/config.ts'
import { createLogger } from '#platform/process/log.ts'
import { platformTopics, sourceTopics } from '#schemas/topics.ts'
import { sources } from '#sources/index.ts'
import { applyDatasetViews } from './dataset-views.ts'

const config = readServiceConfig({
  ...connectionSettings,
  LOG_LEVEL: serviceSettings.LOG_LEVEL,
  KAFKA_REPLICATION_FACTOR: z.coerce.number().int().min(1).default(1),
})
const log = createLogger('provision', config.LOG_LEVEL)
const topics = [...platformTopics, ...sources.flatMap(({ name, retention }) => sourceTopics(name, retention))]

await provisionTopics(createKafka(config, 'tidemark-provision', log), topics, config.KAFKA_REPLICATION_FACTOR)
log.info({ topics: topics.length }, 'topics are there')
await provisionSchemas(config, topics)
log.info('schemas are registered')
const store = createStore({
  url: config.CLICKHOUSE_URL,
  user: config.CLICKHOUSE_USER,
  password: config.CLICKHOUSE_PASSWORD,
  requestTimeoutMs: 60_000,
})
try {
  const applied = await migrate(store)
  const views = await applyDatasetViews(store, sources)
  log.info({ migrations: applied.map(({ name }) => name), views }, 'tables and views are there')
} catch (error) {
  if (!(error instanceof MigrationError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
} finally {
  await store.close()
}
