import { readFileSync } from 'node:fs'
import type { StackFile } from '#local/stack-file.ts'
import { createStore, type Store } from '#platform/clickhouse/client.ts'
import { createKafka, type Kafka } from '#platform/kafka/client.ts'
import { openRegistry, type Registry } from '#platform/kafka/registry.ts'
import { type ConnectionConfig, connectionSettings, readConfig } from '#platform/process/config.ts'

export interface StackClients {
  config: ConnectionConfig
  kafka: Kafka
  registry: Registry
  /** Client of the store with write access. The caller must close it. */
  store: Store
}

/** Timeout of a statement, ms. Statements over years of data take minutes. */
const storeTimeoutMs = 15 * 60_000

export function connectTo(stack: StackFile, name: string): StackClients {
  const { kafka, registry, clickhouse } = stack.endpoints
  const config = readConfig(connectionSettings, {
    ...process.env,
    KAFKA_BROKERS: kafka,
    SCHEMA_REGISTRY_URL: registry,
    CLICKHOUSE_URL: clickhouse.url,
    ...writerOf(stack),
  })
  return {
    config,
    kafka: createKafka(config, `tidemark-${name}`),
    registry: openRegistry(config),
    store: createStore({
      url: config.CLICKHOUSE_URL,
      user: config.CLICKHOUSE_USER,
      password: config.CLICKHOUSE_PASSWORD,
      requestTimeoutMs: storeTimeoutMs,
    }),
  }
}

/** Returns settings with the store's writer. For an external ClickHouse, the environment has the password. */
function writerOf({ endpoints: { clickhouse } }: StackFile): NodeJS.ProcessEnv {
  if (clickhouse.passwordFile === undefined) return { CLICKHOUSE_USER: clickhouse.user }
  const { writer } = JSON.parse(readFileSync(clickhouse.passwordFile, 'utf8')) as {
    writer: { user: string; password: string }
  }
  return { CLICKHOUSE_USER: writer.user, CLICKHOUSE_PASSWORD: writer.password }
}
