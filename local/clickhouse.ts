import { createHash } from 'node:crypto'
import { accessSync, constants, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { UserError } from '#platform/process/user-error.ts'
import { type Credentials, loadCredentials } from './clickhouse/credentials.ts'
import { endpointCommand, endpointEnvironment } from './clickhouse/spawn.ts'
import type { DataDirectory } from './data-directory.ts'
import { type GuardedProcess, startGuarded } from './guarded-process.ts'
import { compileCache, logOf, markOf, pidFileOf } from './node-part.ts'
import { returns200, throwFailedStart, untilReady } from './ready.ts'

export type ClickHouseEngine = { kind: 'embedded' } | { kind: 'server'; command: string }

/** `user` may define tables and insert; `reader` may only read. */
export interface StoreAccess {
  url: string
  user: string
  password: string
  reader: { user: string; password: string }
}

/**
 * Returns the engine whose data the directory has. For a new directory, prefers a `clickhouse` on the PATH.
 * @throws UserError if the directory needs a `clickhouse` on the PATH, and there is none
 */
export function chooseEngine(dataPath: string, searchPath: string): ClickHouseEngine {
  const command = findOnPath('clickhouse', searchPath)
  if (existsSync(serverData(dataPath))) {
    if (command !== undefined) return { kind: 'server', command }
    throw new UserError(
      `${dataPath} was begun with a clickhouse binary that is on the PATH no longer: put it there again, or choose another --data.`,
    )
  }
  if (command === undefined || existsSync(embeddedData(dataPath))) return { kind: 'embedded' }
  return { kind: 'server', command }
}

/** Returns the address and credentials of the store. The first start creates the credentials, whatever the engine. */
export function storeAccess(dataPath: string, port: number): StoreAccess {
  const { writer, reader } = loadCredentials(credentialsFile(dataPath))
  return { url: `http://127.0.0.1:${port}`, ...writer, reader }
}

export const credentialsFile = (dataPath: string): string => join(dataPath, 'clickhouse-credentials.json')

/** Starts the engine on loopback and waits until it answers /ping. @throws UserError with the last lines of the log */
export async function startClickHouse(
  directory: DataDirectory,
  engine: ClickHouseEngine,
  port: number,
  environment: NodeJS.ProcessEnv,
): Promise<GuardedProcess> {
  const program = engine.kind === 'server' ? server(directory, engine.command, port) : embedded(directory, port)
  const logFile = logOf(directory, 'clickhouse')
  const started = await startGuarded({
    ...program,
    environment: { ...environment, ...program.environment },
    logFile,
    pidFile: pidFileOf(directory, 'clickhouse'),
    mark: directory.path,
  })
  if (await untilReady(() => returns200(`http://127.0.0.1:${port}/ping`), started.exited, 60_000)) return started
  await started.kill()
  throwFailedStart('ClickHouse', logFile)
}

const embeddedData = (dataPath: string): string => join(dataPath, 'clickhouse')
const serverData = (dataPath: string): string => join(dataPath, 'clickhouse-server')

function embedded(directory: DataDirectory, port: number) {
  const [command = '', ...args] = endpointCommand()
  const options = { dataDir: embeddedData(directory.path), port, credentialsFile: credentialsFile(directory.path) }
  return {
    command,
    args: [...args, markOf(directory)],
    cwd: directory.path,
    environment: { NODE_COMPILE_CACHE: compileCache(process.env), ...endpointEnvironment(options) },
  }
}

function server(directory: DataDirectory, command: string, port: number) {
  const dataDir = serverData(directory.path)
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const config = join(dataDir, 'config.xml')
  const credentials = loadCredentials(credentialsFile(directory.path))
  writeFileSync(config, clickHouseServerConfig(dataDir, port, credentials), { mode: 0o600 })
  // Without its watchdog, the process that startGuarded() knows is the server itself, and signals reach it.
  const environment = { TZ: 'UTC', CLICKHOUSE_WATCHDOG_ENABLE: '0' }
  return { command, args: ['server', `--config-file=${config}`], cwd: dataDir, environment }
}

export function clickHouseServerConfig(dataDir: string, port: number, credentials: Credentials): string {
  const path = escapeXml(dataDir)
  return `<clickhouse>
  <listen_host>127.0.0.1</listen_host>
  <http_port>${port}</http_port>
  <timezone>UTC</timezone>
  <path>${path}/store/</path>
  <tmp_path>${path}/tmp/</tmp_path>
  <user_files_path>${path}/user_files/</user_files_path>
  <format_schema_path>${path}/format_schemas/</format_schema_path>
  <logger><level>warning</level><console>1</console></logger>
  <mark_cache_size>268435456</mark_cache_size>
  <max_server_memory_usage_to_ram_ratio>0.5</max_server_memory_usage_to_ram_ratio>
  <profiles><default></default><writer></writer><reader><readonly>2</readonly></reader></profiles>
  <quotas><default></default></quotas>
  <users>
${user(credentials.writer, 'writer')}
${user(credentials.reader, 'reader')}
  </users>
</clickhouse>
`
}

function user({ user: name, password }: Credentials['writer'], profile: 'writer' | 'reader'): string {
  const hash = createHash('sha256').update(password).digest('hex')
  return `    <${name}>
      <password_sha256_hex>${hash}</password_sha256_hex>
      <networks><ip>127.0.0.1</ip></networks>
      <profile>${profile}</profile>
      <quota>default</quota>
    </${name}>`
}

const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

function findOnPath(name: string, searchPath: string): string | undefined {
  return searchPath
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isProgram)
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
