import { join } from 'node:path'
import { type RunningEndpoint, spawnEndpoint } from '#infra/clickhouse/endpoint/spawn.ts'
import { createStore, type Store } from '#platform/clickhouse/client.ts'
import { createKafka, type Kafka } from '#platform/kafka/client.ts'
import { openProducer, type Producer } from '#platform/kafka/produce.ts'
import { openRegistry, type Registry } from '#platform/kafka/registry.ts'
import { connectionSettings, readConfig } from '#platform/process/config.ts'
import { type RealParts, startRealParts } from './real-parts.ts'
import { type Program, runScript, type ServiceProcess, startService } from './service-process.ts'

/** Broker, registry and store of its own, provisioned; services on demand. */
export interface Pipeline {
  parts: RealParts
  environment: Record<string, string>
  kafka: Kafka
  registry: Registry
  producer: Producer
  store: Store
  /** Rows of a query, as objects. */
  query: <Row>(sql: string) => Promise<Row[]>
  start: (service: string, more?: Record<string, string>, program?: Program) => Promise<ServiceProcess>
  /** The running store endpoint; `restartStore` kills it and starts it again on the same port. */
  endpoint: () => RunningEndpoint
  restartStore: (awayMs?: number) => Promise<void>
  stop: () => Promise<void>
}

/** Starts real parts in a directory of their own and provisions them. For beforeAll, or a bench. */
export async function startPipeline(): Promise<Pipeline> {
  const parts = await startRealParts({ kafka: true, registry: true })
  const dataDir = join(parts.directory, 'clickhouse')
  let endpoint = await spawnEndpoint({ dataDir, port: 0 })
  const { writer } = endpoint.credentials
  const environment = {
    ...parts.environment,
    CLICKHOUSE_URL: endpoint.url,
    CLICKHOUSE_USER: writer.user,
    CLICKHOUSE_PASSWORD: writer.password,
  }
  await runScript('infra/provision/main.ts', environment)
  const config = readConfig(connectionSettings, environment)
  const kafka = createKafka(config, 'test')
  const producer = await openProducer(kafka)
  const store = createStore({ url: endpoint.url, ...writer, requestTimeoutMs: 60_000 })
  const services: ServiceProcess[] = []
  return {
    parts,
    environment,
    kafka,
    registry: openRegistry(config),
    producer,
    store,
    query: async <Row>(sql: string) => (await store.query({ query: sql, format: 'JSONEachRow' })).json<Row>() as never,
    start: async (name, more, program) => {
      const logFile = join(parts.directory, `${name}-${services.length}.log`)
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
      await parts.stop()
    },
  }
}
