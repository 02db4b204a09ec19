// Creates topics, schemas, tables and views, then exits with 0. Safe to repeat, also while a stack runs.

import { DeclarationError, refuseBadDeclarations } from '#catalogue/check-declarations.ts'
import { type Clock, liveClock, simulatedClock } from '#core/clock.ts'
import { datasetsOff } from '#core/dataset-schedules.ts'
import { expectationDeclarer } from '#core/declare-expectations.ts'
import { hostsOf } from '#core/hosts.ts'
import { readSourceSettings } from '#core/source-settings.ts'
import { topicsOf } from '#core/source-topics.ts'
import { createStore } from '#platform/clickhouse/client.ts'
import { MigrationError, migrate, platformNames } from '#platform/clickhouse/migrate.ts'
import { createKafka } from '#platform/kafka/client.ts'
import { withProducer } from '#platform/kafka/produce.ts'
import {
  createMissingTopics,
  IncompatibleSchema,
  provisionSchemas,
  provisionTopics,
} from '#platform/kafka/provision.ts'
import { openRegistry } from '#platform/kafka/registry.ts'
import { readServiceConfig } from '#platform/process/config.ts'
import { createLogger } from '#platform/process/log.ts'
import { UserError } from '#platform/process/user-error.ts'
import {
  hostLogKeptFor,
  hostLogTopic,
  platformTopics,
  pollsKeptFor,
  pollsTopic,
  rawTopic,
  timeseriesTopic,
} from '#schemas/topics.ts'
import { sources } from '#sources/index.ts'
import { migrations } from '../clickhouse/migrations.ts'
import { applyDatasetViews } from './dataset-views.ts'
import { rebuildAdvice } from './earlier-points.ts'
import { migratePollMemory } from './migrate-poll-memory.ts'
import { provisionSettings } from './settings.ts'
import { applySourceStatements } from './source-statements.ts'
import { storeCatalogue } from './store-catalogue.ts'
import { syncDeletions } from './sync-deletions.ts'

const config = readServiceConfig(provisionSettings)
const log = createLogger('provision', config.LOG_LEVEL)
/** By topic: of how many partitions a new one is made. */
const asked = new Map<string, number | undefined>(
  sources.flatMap(({ name }) => [
    [rawTopic(name).name, config.RAW_PARTITIONS],
    [timeseriesTopic(name).name, config.TIMESERIES_PARTITIONS],
  ]),
)
const topics = [
  ...platformTopics.filter((topic) => topic !== pollsTopic && topic !== hostLogTopic),
  hostLogKeptFor(config.POLLS_DAYS),
  ...sources.flatMap(topicsOf),
].map((topic) => ({ ...topic, partitions: asked.get(topic.name) ?? topic.partitions }))

const kafka = createKafka(config, 'tidemark-provision', log)
const store = createStore({
  url: config.CLICKHOUSE_URL,
  user: config.CLICKHOUSE_USER,
  password: config.CLICKHOUSE_PASSWORD,
  // A deletion of several years of rows takes minutes.
  requestTimeoutMs: 15 * 60_000,
})
let clock: Clock | undefined
try {
  refuseBadDeclarations(sources, await platformNames(migrations))
  const kept = await provisionTopics(kafka, topics, config.KAFKA_REPLICATION_FACTOR)
  for (const [topic, partitions] of kept)
    if (asked.get(topic) !== undefined)
      log.warn(
        { topic, partitions, asked: asked.get(topic) },
        'a topic keeps its partitions: the setting is for new ones',
      )
  await createMissingTopics(kafka, [pollsTopic], config.KAFKA_REPLICATION_FACTOR)
  log.info({ topics: topics.length + 1 }, 'topics are there')
  await provisionSchemas(config, [...topics, pollsTopic])
  log.info('schemas are registered')
  const registry = openRegistry(config)
  const migrated = await migratePollMemory({ kafka, registry, say: (text) => log.info({ progress: true }, text) })
  if (migrated !== undefined) log.info(migrated, 'the memory of the pollers is complete')
  // Sets the retention of `polls` after the migration of the poll memory, because it reads all polls.
  await provisionTopics(kafka, [pollsKeptFor(config.POLLS_DAYS)], config.KAFKA_REPLICATION_FACTOR)
  const applied = await migrate(store, migrations)
  // Skips sources whose datasets are all off: refreshable views cost resources even if no data come.
  const off = datasetsOff(config.DATASET_SCHEDULES)
  const wanted = sources.filter(({ datasets }) => datasets.some(({ name }) => !off.has(name)))
  const statements = await applySourceStatements(store, wanted)
  const views = await applyDatasetViews(store, wanted)
  log.info({ migrations: applied.map(({ name }) => name), statements, views }, 'tables and views are there')
  const declared = await storeCatalogue(store, sources)
  if (declared.length > 0) log.info({ datasets: declared }, 'the catalogue says what changed in declarations')
  const overrides = config.DATASET_SCHEDULES
  const hosts = hostsOf(sources, readSourceSettings(), overrides)
  const { SIMULATOR_URL: simulatorUrl } = config
  clock = simulatorUrl === undefined ? liveClock() : await simulatedClock(simulatorUrl, log)
  const { nowMs } = clock.now()
  const expected = await withProducer(kafka, async (producer) => {
    const declare = await expectationDeclarer({ store, producer, registry, hosts, overrides, by: 'provision' })
    return declare(nowMs)
  })
  log.info(expected, 'what is expected is declared')
  const missing = await rebuildAdvice(store)
  if (missing !== undefined) log.info({ progress: true }, missing)
  if (config.DELETIONS_FILE !== undefined) {
    const stack = { store, sources, kafka, registry }
    const deletions = await syncDeletions(stack, config.DELETIONS_FILE)
    if (deletions.length > 0) log.info({ deletions }, 'deleted again what was deleted before')
  }
} catch (error) {
  const known = [DeclarationError, MigrationError, IncompatibleSchema, UserError].some((kind) => error instanceof kind)
  if (!known) throw error
  process.stderr.write(`${(error as Error).message}\n`)
  process.exitCode = 1
} finally {
  clock?.stop()
  await store.close()
}
