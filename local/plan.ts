import { join } from 'node:path'
import type { Source } from '#sources/source.ts'
import { alertMasterKey } from './alert-key.ts'
import type { ReportProgress } from './artifacts.ts'
import { startBroker } from './broker.ts'
import { type ClickHouseEngine, type StoreAccess, startClickHouse } from './clickhouse.ts'
import type { DataDirectory, SourceKind } from './data-directory.ts'
import { deletionsFile } from './deletions-file.ts'
import { logOf, runNodeJob, startNodePart } from './node-part.ts'
import type { Ports } from './ports.ts'
import { startRegistry } from './registry.ts'
import { simulatedSettings, simulatorSettings, simulatorUrl } from './simulated-upstreams.ts'
import type { PartPlan } from './supervise.ts'

export interface ExternalParts {
  kafka: boolean
  registry: boolean
  clickhouse: boolean
}

export const externalParts = (environment: NodeJS.ProcessEnv): ExternalParts => ({
  kafka: Boolean(environment.KAFKA_BROKERS),
  registry: Boolean(environment.SCHEMA_REGISTRY_URL),
  clickhouse: Boolean(environment.CLICKHOUSE_URL),
})

export interface PlanOptions {
  directory: DataDirectory
  source: SourceKind
  ports: Ports
  engine: ClickHouseEngine
  environment: NodeJS.ProcessEnv
  /** Environment of the services: the user's variables, and the addresses of broker, registry, store and simulator. */
  serviceEnvironment: NodeJS.ProcessEnv
  elsewhere: ExternalParts
  /** Whether the stack makes backups by itself. */
  makesBackups: boolean
  tell: ReportProgress
}

export const services = ['normalizer', 'sink', 'poller', 'monitor', 'alerter', 'api'] as const

export function planParts(options: PlanOptions): PartPlan[] {
  const { directory, ports, environment, tell } = options
  const inDirectory = (name: string): string => join(directory.path, name)
  const common = { environment, tell }
  const own: PartPlan[] = []
  if (!options.elsewhere.kafka) {
    const logFile = logOf(directory, 'kafka')
    const broker = { ...common, dataDir: inDirectory('kafka'), logFile, port: ports.kafka }
    own.push(part('kafka', () => startBroker({ ...broker, controllerPort: ports.controller }), 4_500))
  }
  if (!options.elsewhere.registry) {
    const registry = { ...common, dataDir: inDirectory('registry'), logFile: logOf(directory, 'registry') }
    own.push(part('registry', () => startRegistry({ ...registry, port: ports.registry }), 4_500))
  }
  if (!options.elsewhere.clickhouse)
    own.push(part('clickhouse', () => startClickHouse(directory, options.engine, ports.clickhouse, environment), 4_500))
  const needs = own.map(({ name }) => name)
  if (options.source === 'simulated') {
    own.push(part('simulator', () => startSimulator(options), 2_000))
    // Provisioning declares what is expected by the simulator's clock.
    needs.push('simulator')
  }
  return [...own, provision(options, needs), ...services.map((name) => service(options, name))]
}

const part = (name: string, start: PartPlan['start'], stopDeadlineMs: number): PartPlan => ({
  name,
  needs: [],
  start,
  stopDeadlineMs,
})

function startSimulator({ directory, ports, environment }: PlanOptions) {
  const settings = {
    ...simulatorSettings(ports),
    SIMULATOR_STATE_FILE: join(directory.path, 'simulator.json'),
  }
  const simulator = {
    name: 'simulator',
    title: 'The simulator',
    main: 'simulator/main.ts',
    environment: { ...environment, ...settings },
  }
  return startNodePart(directory, simulator, `${simulatorUrl(ports)}/simulator/now`)
}

function provision({ directory, serviceEnvironment, tell }: PlanOptions, needs: string[]): PartPlan {
  const job = { name: 'provision', title: 'Provisioning', main: 'infra/provision/main.ts' }
  const environment = { ...serviceEnvironment, DELETIONS_FILE: deletionsFile(directory.path) }
  return {
    name: job.name,
    needs,
    start: () => runNodeJob(directory, { ...job, environment }, tell).then(() => undefined),
    stopDeadlineMs: 0,
  }
}

function service(options: PlanOptions, name: (typeof services)[number]): PartPlan {
  const { directory, ports, serviceEnvironment } = options
  const environment = {
    ...serviceEnvironment,
    ...(options.makesBackups && { BACKUPS_OF: directory.path }),
    ...{ HEALTH_HOST: '127.0.0.1', HEALTH_PORT: String(ports[name]) },
    ...(name === 'alerter' && {
      ALERT_MASTER_KEY: serviceEnvironment.ALERT_MASTER_KEY || alertMasterKey(directory.path),
    }),
    ...(name === 'api' && {
      API_PORT: String(ports.web),
      POLLER_URL: `http://127.0.0.1:${ports.poller}`,
      NORMALIZER_URL: `http://127.0.0.1:${ports.normalizer}`,
      SINK_URL: `http://127.0.0.1:${ports.sink}`,
      MONITOR_URL: `http://127.0.0.1:${ports.monitor}`,
      ALERTER_URL: `http://127.0.0.1:${ports.alerter}`,
    }),
  }
  const isBulky = name === 'normalizer' || name === 'sink'
  const program = { name, title: `The ${name}`, main: `services/${name}/main.ts`, environment, isBulky }
  return {
    name,
    // All services follow the simulator's clock.
    needs: ['provision', ...(options.source === 'simulated' ? ['simulator'] : [])],
    start: () => startNodePart(directory, program, `http://127.0.0.1:${ports[name]}/ready`),
    stopDeadlineMs: 4_000,
  }
}

/** Returns the settings that tell services the addresses of broker, registry, store and, if simulated, upstreams. */
export function serviceSettings(
  source: SourceKind,
  ports: Ports,
  away: ExternalParts,
  store: StoreAccess | undefined,
  sources: readonly Source[],
): Record<string, string> {
  return {
    ...(away.kafka ? {} : { KAFKA_BROKERS: `127.0.0.1:${ports.kafka}` }),
    ...(away.registry ? {} : { SCHEMA_REGISTRY_URL: `http://127.0.0.1:${ports.registry}/apis/ccompat/v7` }),
    ...(store && {
      CLICKHOUSE_URL: store.url,
      CLICKHOUSE_USER: store.user,
      CLICKHOUSE_PASSWORD: store.password,
      CLICKHOUSE_READER_USER: store.reader.user,
      CLICKHOUSE_READER_PASSWORD: store.reader.password,
    }),
    ORIGIN: source,
    ...(source === 'simulated' && simulatedSettings(ports, sources)),
  }
}
