import { appendFileSync, existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { datasetsOff, scheduleSettings } from '#core/dataset-schedules.ts'
import { readConfig } from '#platform/process/config.ts'
import { UserError } from '#platform/process/user-error.ts'
import { version } from '#platform/process/version.ts'
import { sources } from '#sources/index.ts'
import { backupRunning } from './backup-records.ts'
import { type BackupPlan, backupPlan, keepBackups } from './backup-schedule.ts'
import { type ClickHouseEngine, chooseEngine, credentialsFile, type StoreAccess, storeAccess } from './clickhouse.ts'
import {
  type DataDirectory,
  diskIsFull,
  isWithin,
  labelDirectory,
  openDataDirectory,
  type SourceKind,
} from './data-directory.ts'
import { assertFree } from './free-ports.ts'
import { killAllChildren, killLeftover, rotate } from './guarded-process.ts'
import { findJava } from './java.ts'
import { logOf, pidFileOf } from './node-part.ts'
import { type ExternalParts, externalParts, planParts, serviceSettings, services } from './plan.ts'
import { type PortName, type Ports, portsFrom, portTitle } from './ports.ts'
import { removeSnapshot } from './running-snapshot.ts'
import { simulatorPorts, simulatorUrl } from './simulated-upstreams.ts'
import { type Endpoints, type PartState, removeStackFile, type StackFile, writeStackFile } from './stack-file.ts'
import { type Reports, supervise } from './supervise.ts'

export interface StackOptions {
  dataDir: string
  source: SourceKind
  portBase: number
  /** Past days that the poller requests by itself: 0 for none, undefined for its default. */
  backfillDays?: number
  environment: NodeJS.ProcessEnv
  tell: (line: string) => void
}

export interface Stack {
  file: StackFile
  /** Stops all parts within 10 s. */
  stop: () => Promise<void>
}

/** A stack whose parts are starting. `stop` works also before `started` resolves. */
export interface StartingStack {
  started: Promise<Stack>
  stop: () => Promise<void>
}

/**
 * Starts the stack in one data directory. `started` resolves when every part is ready.
 * @throws UserError if the directory, the disk or the ports are not available. Then nothing runs.
 */
export async function startStack(options: StackOptions): Promise<StartingStack> {
  const directory = await openDataDirectory(options.dataDir, options.source)
  const tell = withLogFile(directory, options.tell)
  try {
    await killLeftovers(directory, tell)
    if (backupRunning(directory.path) === undefined) removeSnapshot(directory.path)
    return await start({ ...options, tell }, directory)
  } catch (error) {
    directory.lock.release()
    throw error
  }
}

const maxNamed = 5

async function start(options: StackOptions, directory: DataDirectory): Promise<StartingStack> {
  const { source, environment, tell } = options
  const ports = portsFrom(options.portBase)
  const away = externalParts(environment)
  const off = datasetsOff(readConfig(scheduleSettings, environment).DATASET_SCHEDULES)
  const backups = planBackups(environment, directory.path)
  if (!away.kafka || !away.registry) findJava(environment)
  await assertFree(neededPorts(ports, away, source))
  const engine: ClickHouseEngine = chooseEngine(directory.path, environment.PATH ?? '')
  if (off.size > 0) tell(`switched off: ${off.size > maxNamed ? `${off.size} datasets` : [...off].join(', ')}`)
  labelDirectory(directory, source)
  const store = away.clickhouse ? undefined : storeAccess(directory.path, ports.clickhouse)
  const settings = serviceSettings(source, ports, away, store, sources)
  const serviceEnvironment: NodeJS.ProcessEnv = { ...environment, ...settings }
  if (options.backfillDays !== undefined) serviceEnvironment.BACKFILL_DAYS = String(options.backfillDays)

  const file = stackFile(options, directory, ports, serviceEnvironment, store)
  if (backups) file.backups = backups
  writeStackFile(file)
  const plans = planParts({
    ...{ directory, source, ports, engine, environment, serviceEnvironment, elsewhere: away, tell },
    makesBackups: backups !== undefined,
  })
  const supervisor = supervise(plans, reportTo(tell, file, directory))
  const stopping = new AbortController()
  const stop = async (): Promise<void> => {
    stopping.abort()
    await supervisor.stop()
    await killAllChildren()
    removeStackFile(directory.path)
    directory.lock.release()
  }
  const started = supervisor.started.then(() => {
    file.state = 'ready'
    writeStackFile(file)
    if (backups) void keepBackups(directory, backups, environment, tell, stopping.signal)
    return { file, stop }
  })
  return { started, stop }
}

function planBackups(environment: NodeJS.ProcessEnv, dataDir: string): BackupPlan | undefined {
  const plan = backupPlan(environment)
  if (plan && isWithin(plan.directory, dataDir))
    throw new UserError(`BACKUP_DIRECTORY lies inside the data directory ${dataDir}: name one outside.`)
  return plan
}

/** Copies every printed line to logs/stack.log, and the stack trace of an uncaught exception. */
function withLogFile(directory: DataDirectory, tell: (line: string) => void): (line: string) => void {
  const logFile = logOf(directory, 'stack')
  rotate(logFile)
  const log = (line: string): void => {
    try {
      appendFileSync(logFile, `${new Date().toISOString()} ${line}\n`)
    } catch {
      // A full disk or a missing logs directory must not stop the stack. The line is still printed.
    }
  }
  process.on('uncaughtExceptionMonitor', (error) => log(String(error.stack)))
  return (line) => {
    log(line)
    tell(line)
  }
}

export async function killLeftovers(
  directory: Pick<DataDirectory, 'path' | 'pids'>,
  tell: (line: string) => void,
): Promise<void> {
  const own = services.map((name) => pidFileOf(directory, name))
  const others = [
    ...(existsSync(directory.pids) ? readdirSync(directory.pids) : []).map((name) => join(directory.pids, name)),
    ...['kafka/broker.pid', 'registry/registry.pid'].map((name) => join(directory.path, name)),
  ]
  let count = 0
  for (const [pidFiles, graceMs] of [
    [own, 3_000],
    [others, 2_000],
  ] as const) {
    const ended = await Promise.all(pidFiles.map((pidFile) => killLeftover(pidFile, directory.path, graceMs)))
    count += ended.filter(Boolean).length
  }
  if (count > 0) tell(`ended ${count} processes that an earlier stack had left running here`)
}

function neededPorts(ports: Ports, away: ExternalParts, source: SourceKind): Record<string, number> {
  const own: PortName[] = [...services, 'web']
  if (!away.kafka) own.push('kafka', 'controller')
  if (!away.registry) own.push('registry')
  if (!away.clickhouse) own.push('clickhouse')
  if (source === 'simulated') own.push(...simulatorPorts)
  return Object.fromEntries(own.map((name) => [portTitle(name), ports[name]]))
}

function stackFile(
  options: StackOptions,
  directory: DataDirectory,
  ports: Ports,
  environment: NodeJS.ProcessEnv,
  store: StoreAccess | undefined,
): StackFile {
  const endpoints: Endpoints = {
    kafka: environment.KAFKA_BROKERS ?? '',
    registry: environment.SCHEMA_REGISTRY_URL ?? '',
    clickhouse: {
      url: environment.CLICKHOUSE_URL ?? '',
      user: environment.CLICKHOUSE_USER ?? 'default',
      ...(store && { passwordFile: credentialsFile(directory.path) }),
    },
    ...(options.source === 'simulated' && { simulator: simulatorUrl(ports) }),
    api: `http://127.0.0.1:${ports.web}`,
    console: `http://127.0.0.1:${ports.web}`,
    health: Object.fromEntries(services.map((name) => [name, `http://127.0.0.1:${ports[name]}`])),
  }
  return {
    version,
    pid: process.pid,
    startedAt: new Date().toISOString(),
    state: 'starting',
    dataDir: directory.path,
    source: options.source,
    portBase: options.portBase,
    endpoints,
    parts: {},
  }
}

function reportTo(tell: (line: string) => void, file: StackFile, directory: DataDirectory): Reports {
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`
  const full = (): string | undefined => (diskIsFull(directory.path) ? 'the disk is full: make room' : undefined)
  const note = (name: string, part: PartState): void => {
    file.parts[name] = part
    try {
      writeStackFile(file)
    } catch (error) {
      tell(`✘ stack.json could not be written: ${(error as Error).message}`)
    }
  }
  return {
    ready: (name, tookMs, part) => {
      const before = file.parts[name]
      if (part) note(name, { state: 'running', pid: part.pid, restarts: before ? before.restarts + 1 : 0 })
      tell(`✔ ${name} ${seconds(tookMs)}${before ? ' (started again)' : ''}`)
    },
    ended: (name, exit, againInMs) => {
      const before = file.parts[name]
      const how = exit.signal ?? `code ${exit.code}`
      const why = full() ?? `see ${logOf(directory, name)}`
      tell(`✘ ${name} ended (${how}), starting it again in ${seconds(againInMs)}; ${why}`)
      if (before) note(name, { ...before, state: 'restarting' })
    },
    failed: (name, error, againInMs) => {
      const why = full() ?? (error as Error).message.split('\n')[0]
      tell(`✘ ${name} did not start again, trying in ${seconds(againInMs)}; ${why}`)
    },
  }
}
