import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type RunningEndpoint, spawnEndpoint } from '#local/clickhouse/spawn.ts'
import { createStore, type Store } from '#platform/clickhouse/client.ts'
import { createKafka, type Kafka } from '#platform/kafka/client.ts'
import { openProducer, type Producer } from '#platform/kafka/produce.ts'
import { openRegistry, type Registry } from '#platform/kafka/registry.ts'
import { connectionSettings, readConfig } from '#platform/process/config.ts'
import type { RealParts } from './real-parts.ts'
import { type Program, type ServiceProcess, startService } from './service-process.ts'
import { giveBackWarmParts, takeWarmParts } from './warm-parts.ts'

/** A broker, a registry and a store, provisioned and without data, and functions that start services. */
export interface Pipeline {
  parts: RealParts
  directory: string
  environment: Record<string, string>
  kafka: Kafka
  registry: Registry
  producer: Producer
  store: Store
  query: <Row>(sql: string) => Promise<Row[]>
  start: (service: string, more?: Record<string, string>, program?: Program) => Promise<ServiceProcess>
  endpoint: () => RunningEndpoint
  /** Kills the store, and starts it again on the same port after `awayMs`. */
  restartStore: (awayMs?: number) => Promise<void>
  stop: () => Promise<void>
}

export interface PipelineOptions {
  /** True for tests that change schemas, broker or registry. Later tests then get another broker and registry. */
  disposable?: boolean
}

export async function startPipeline({ disposable = false }: PipelineOptions = {}): Promise<Pipeline> {
  const warm = await takeWarmParts()
  const { parts } = warm
  const directory = mkdtempSync(join(tmpdir(), 'tidemark-pipeline-'))
  const dataDir = join(directory, 'clickhouse')
  warm.copyStore(dataDir)
  let endpoint = await spawnEndpoint({ dataDir, port: 0 })
  const { writer } = endpoint.credentials
  const environment = {
    ...parts.environment,
    CLICKHOUSE_URL: endpoint.url,
    CLICKHOUSE_USER: writer.user,
    CLICKHOUSE_PASSWORD: writer.password,
  }
  const config = readConfig(connectionSettings, environment)
  const kafka = createKafka(config, 'test')
  const producer = await openProducer(kafka)
  const store = createStore({ url: endpoint.url, ...writer, requestTimeoutMs: 60_000 })
  const services: ServiceProcess[] = []
  return {
    parts,
    directory,
    environment,
    kafka,
    registry: openRegistry(config),
    producer,
    store,
    query: async <Row>(sql: string) => (await store.query({ query: sql, format: 'JSONEachRow' })).json<Row>() as never,
    start: async (name, more, program) => {
      const logFile = join(directory, `${name}-${services.length}.log`)
      const service = await startService(name, { ...environment, ...more }, logFile, program)
      services.push(service)
      return service
    },
    endpoint: () => endpoint,
    restartStore: async (awayMs = 0) => {
      endpoint.child.kill('SIGKILL')
      await endpoint.stop()
      await new Promise((resolve) => setTimeout(resolve, awayMs))
      endpoint = await spawnEndpoint({ dataDir, port: Number(new URL(endpoint.url).port) })
    },
    stop: async () => {
      await Promise.all(services.map((service) => service.kill('SIGTERM')))
      await store.close()
      await producer.disconnect()
      await endpoint.stop()
      rmSync(directory, { recursive: true, force: true })
      if (disposable) await parts.stop()
      else giveBackWarmParts(warm)
    },
  }
}
