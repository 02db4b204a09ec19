import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { cacheDirectory } from '#local/artifacts.ts'
import { isAlive } from '#local/process-table.ts'
import type { StackFile } from '#local/stack-file.ts'
import { createStore, type Store } from '#platform/clickhouse/client.ts'
import { createKafka, type Kafka } from '#platform/kafka/client.ts'
import { openProducer, type Producer } from '#platform/kafka/produce.ts'
import { openRegistry, type Registry } from '#platform/kafka/registry.ts'
import { connectionSettings, readConfig } from '#platform/process/config.ts'
import { type Finished, freePortBase, type Started, startCommand, tidemark } from '../support/tidemark-command.ts'

/** A stack as users run it: started by the command line, and restarted by the supervisor. */
export interface RunningStack {
  dataDir: string
  environment: NodeJS.ProcessEnv
  file: () => StackFile
  /** Runs `tidemark up --detach <options>`. @throws Error with its output if it fails */
  up: (...options: string[]) => Promise<Finished>
  /** Runs `tidemark <args>` on this stack and waits for its end. */
  run: (...args: string[]) => Promise<Finished>
  /** Starts `tidemark <args>` on this stack without waiting for its end. */
  begin: (...args: string[]) => Started
  /** Makes later commands use the release in another directory, or this project again if undefined. */
  use: (release: string | undefined) => void
  /** Opens clients of broker, registry and store. They survive a restart of the stack, because the ports stay. */
  connect: () => Promise<Clients>
  remove: () => Promise<void>
}

export interface Clients {
  environment: Record<string, string>
  kafka: Kafka
  registry: Registry
  producer: Producer
  query: <Row>(sql: string) => Promise<Row[]>
  /** Runs a statement that changes the store. */
  command: (sql: string) => Promise<unknown>
  close: () => Promise<void>
}

const elsewhere = ['KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL', 'CLICKHOUSE_URL', 'JAO_BASE_URL', 'NODE_ENV']

/** Prepares a stack on free ports. All its parts get `settings`. */
export async function prepareStack(
  source: 'live' | 'simulated',
  settings: Record<string, string>,
  dataDir = mkdtempSync(join(tmpdir(), 'tidemark-stack-')),
): Promise<RunningStack> {
  const portBase = await freePortBase()
  const inherited = Object.entries(process.env).filter(([name]) => !elsewhere.includes(name))
  // Without the cache of this machine, a copy of the project would fetch Kafka and the registry again.
  const TIDEMARK_CACHE = cacheDirectory(process.env)
  const environment = { ...Object.fromEntries(inherited), TIDEMARK_CACHE, ...settings }
  let release: string | undefined
  const begin: RunningStack['begin'] = (...args) => startCommand([...args, '--data', dataDir], environment, release)
  // Skips bin/tidemark.mjs, which only finds Node 26, because it takes a fifth of the time of a short command.
  const run: RunningStack['run'] = (...args) => begin(...args).finished
  const file = (): StackFile => JSON.parse(readFileSync(join(dataDir, 'stack.json'), 'utf8'))
  const clients: Clients[] = []
  const stack: RunningStack = {
    dataDir,
    environment,
    file,
    run,
    begin,
    use: (other) => {
      release = other
    },
    up: async (...options) => {
      const args = ['up', '--detach', '--source', source, '--port-base', `${portBase}`, '--data', dataDir, ...options]
      const started = await tidemark(args, environment, release)
      if (started.code !== 0) throw new Error(`the stack did not start: ${started.stderr}`)
      return started
    },
    connect: async () => {
      const opened = await connectTo(file())
      clients.push(opened)
      return opened
    },
    remove: async () => {
      prepared.delete(stack)
      await Promise.allSettled(clients.map(({ close }) => close()))
      const { code, stderr } = await run('down')
      rmSync(dataDir, { recursive: true, force: true })
      if (code !== 0) throw new Error(`a stack did not stop: ${stderr}`)
    },
  }
  prepared.add(stack)
  return stack
}

const prepared = new Set<RunningStack>()

/** Removes all stacks, also those of failed tests. Call it in afterAll. */
export async function removeStacks(): Promise<void> {
  await Promise.all([...prepared].map((stack) => stack.remove()))
}

async function connectTo({ endpoints }: StackFile): Promise<Clients> {
  const { writer } = JSON.parse(readFileSync(endpoints.clickhouse.passwordFile ?? '', 'utf8'))
  const { url } = endpoints.clickhouse
  const environment = { KAFKA_BROKERS: endpoints.kafka, SCHEMA_REGISTRY_URL: endpoints.registry, CLICKHOUSE_URL: url }
  const config = readConfig(connectionSettings, environment)
  const kafka = createKafka(config, 'test')
  const producer = await openProducer(kafka)
  const store: Store = createStore({ url, ...writer, requestTimeoutMs: 60_000 })
  return {
    environment,
    kafka,
    registry: openRegistry(config),
    producer,
    query: async <Row>(sql: string) => (await store.query({ query: sql, format: 'JSONEachRow' })).json<Row>() as never,
    command: (sql) => store.command({ query: sql }),
    close: async () => {
      await store.close()
      await producer.disconnect()
    },
  }
}

/** Waits until a part runs with a pid other than `notPid`. Returns the new pid. */
export async function runningPart(stack: RunningStack, name: string, notPid = 0, timeoutMs = 240_000): Promise<number> {
  const deadlineMs = Date.now() + timeoutMs
  for (;;) {
    const part = stack.file().parts[name]
    if (part?.state === 'running' && part.pid !== notPid && isAlive(part.pid)) return part.pid
    if (Date.now() > deadlineMs) throw new Error(`${name} does not run again within ${timeoutMs} ms`)
    await sleep(50)
  }
}
