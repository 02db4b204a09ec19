import { readFileSync } from 'node:fs'
import type { StackFile } from '#local/stack-file.ts'
import { createStore, type Store } from '#platform/clickhouse/client.ts'
import { createKafka, type Kafka } from '#platform/kafka/client.ts'
import { openRegistry, type Registry } from '#platform/kafka/registry.ts'
import { type ConnectionConfig, connectionSettings, readConfig, readerSettings } from '#platform/process/config.ts'

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

/** Opens a client of the store that may only read. The caller must close it. */
export function openReader({ endpoints: { clickhouse } }: StackFile): Store {
  const { CLICKHOUSE_READER_USER: user, CLICKHOUSE_READER_PASSWORD: password } = readConfig(readerSettings)
  const reader = clickhouse.passwordFile === undefined ? { user, password } : usersIn(clickhouse.passwordFile).reader
  return createStore({ url: clickhouse.url, ...reader, requestTimeoutMs: storeTimeoutMs })
}

/** Returns settings with the store's writer. For an external ClickHouse, the environment has the password. */
function writerOf({ endpoints: { clickhouse } }: StackFile): NodeJS.ProcessEnv {
  if (clickhouse.passwordFile === undefined) return { CLICKHOUSE_USER: clickhouse.user }
  const { writer } = usersIn(clickhouse.passwordFile)
  return { CLICKHOUSE_USER: writer.user, CLICKHOUSE_PASSWORD: writer.password }
}

type User = { user: string; password: string }

const usersIn = (file: string): { writer: User; reader: User } => JSON.parse(readFileSync(file, 'utf8'))
