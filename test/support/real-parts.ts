import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Broker, startBroker } from '#local/broker.ts'
import { freePorts } from '#local/free-ports.ts'
import { type SchemaRegistry, startRegistry } from '#local/registry.ts'

export interface WantedParts {
  kafka?: boolean
  registry?: boolean
}

export interface RealParts {
  broker?: Broker
  registry?: SchemaRegistry
  environment: Record<string, string>
  directory: string
  restartBroker: () => Promise<void>
  stop: () => Promise<void>
}

const tell = (line: string): void => console.warn(`real parts: ${line}`)

/** Starts a broker, a registry or both. They end with the test process, even if it is killed. */
export async function startRealParts(wanted: WantedParts): Promise<RealParts> {
  const directory = mkdtempSync(join(tmpdir(), 'tidemark-parts-'))
  const [port = 0, controllerPort = 0, registryPort = 0] = await freePorts(3)
  const brokerOptions = { dataDir: join(directory, 'kafka'), port, controllerPort, tell }
  const starts = await Promise.allSettled([
    wanted.kafka ? startBroker(brokerOptions) : undefined,
    wanted.registry ? startRegistry({ dataDir: join(directory, 'registry'), port: registryPort, tell }) : undefined,
  ])
  const started = starts.flatMap((start) => (start.status === 'fulfilled' && start.value ? [start.value] : []))
  const stop = async (): Promise<void> => {
    await Promise.all(started.map((part) => part.stop()))
    rmSync(directory, { recursive: true, force: true })
  }
  const failed = starts.find((start) => start.status === 'rejected')
  if (failed !== undefined) {
    await stop()
    throw failed.reason
  }
  const [broker, registry] = starts.map((start) => (start.status === 'fulfilled' ? start.value : undefined)) as [
    Broker | undefined,
    SchemaRegistry | undefined,
  ]
  const parts: RealParts = {
    ...(broker && { broker }),
    ...(registry && { registry }),
    environment: {
      ...(broker && { KAFKA_BROKERS: broker.brokers }),
      ...(registry && { SCHEMA_REGISTRY_URL: registry.url }),
    },
    directory,
    restartBroker: async () => {
      await parts.broker?.stop()
      parts.broker = await startBroker(brokerOptions)
      started.push(parts.broker)
    },
    stop,
  }
  return parts
}
