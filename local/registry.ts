import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { ensureApicurio, type ReportProgress } from './artifacts.ts'
import { ensureArchive, startWithArchive } from './class-archive.ts'
import { assertFree, freePorts } from './free-ports.ts'
import { type GuardedProcess, graceAfterParentS, killLeftover, startGuarded } from './guarded-process.ts'
import { findJava } from './java.ts'
import { returns200, throwFailedStart, untilReady } from './ready.ts'

export interface SchemaRegistry extends GuardedProcess {
  url: string
}

export interface RegistryOptions {
  /** Directory of the registry's data. Remove it only with the broker's: otherwise schema ids are assigned twice. */
  dataDir: string
  port: number
  logFile?: string
  tell?: ReportProgress
  environment?: NodeJS.ProcessEnv
}

/**
 * Starts the schema registry (Apicurio with an H2 database) on loopback and waits until it answers. The registry ends
 * with this process.
 * @throws UserError if Java, Maven or the network is missing, or the registry does not start
 */
export async function startRegistry(options: RegistryOptions): Promise<SchemaRegistry> {
  const environment = options.environment ?? process.env
  const tell = options.tell ?? (() => undefined)
  const java = findJava(environment)
  const folder = await ensureApicurio(tell, environment)
  const common = { environment, java: java.command, folder }
  const archive = await ensureArchive('apicurio', java, folder, environment, tell, async (flags, dataDir) => {
    const [port = 0] = await freePorts(1)
    const rehearsal = await run({ ...common, dataDir, port, flags })
    await rehearsal.stop(60_000)
  })
  return startWithArchive(archive, tell, (flags) => run({ ...options, ...common, flags }))
}

interface Run extends RegistryOptions {
  environment: NodeJS.ProcessEnv
  java: string
  folder: string
  flags: string[]
}

async function run(options: Run): Promise<SchemaRegistry> {
  const { dataDir, port } = options
  mkdirSync(dataDir, { recursive: true })
  const logFile = options.logFile ?? join(dataDir, 'registry.log')
  const pidFile = join(dataDir, 'registry.pid')
  await killLeftover(pidFile, databaseUrl(dataDir), 0)
  await assertFree({ 'schema registry': port })
  const registry = await startGuarded({
    command: options.java,
    args: [...options.flags, ...jvmFlags, ...settings(dataDir, port), '-jar', runner],
    cwd: options.folder,
    environment: options.environment,
    logFile,
    pidFile,
    mark: databaseUrl(dataDir),
    graceAfterParentS,
  }).catch(() => throwFailedStart('The schema registry', logFile))
  const url = `http://127.0.0.1:${port}/apis/ccompat/v7`
  if (!(await untilReady(() => returns200(`${url}/subjects`), registry.exited, 60_000))) {
    await registry.kill()
    throwFailedStart('The schema registry', logFile)
  }
  return { ...registry, url }
}

const runner = 'apicurio-registry-app-3.0.9-runner.jar'

const jvmFlags = ['-Xmx128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xss512k']

// WRITE_DELAY=0: otherwise H2 acknowledges before it writes, and a crash loses schemas whose ids are assigned again.
const databaseUrl = (dataDir: string): string => `jdbc:h2:file:${join(dataDir, 'registry')};WRITE_DELAY=0`

const settings = (dataDir: string, port: number): string[] => [
  '-Dquarkus.http.host=127.0.0.1',
  `-Dquarkus.http.port=${port}`,
  `-Dapicurio.datasource.url=${databaseUrl(dataDir)}`,
  '-Dquarkus.log.level=WARN',
  '-Dquarkus.http.access-log.enabled=false',
]
