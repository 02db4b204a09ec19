import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { MAX_QUERIES, SPARE_THREADS } from './config.ts'
import type { Credentials } from './credentials.ts'

export interface EndpointOptions {
  dataDir: string
  port: number
  /** Path of the credentials. Default: `clickhouse-credentials.json` beside the data directory. */
  credentialsFile?: string
}

export interface RunningEndpoint {
  url: string
  credentials: Credentials
  child: ChildProcess
  /** Sends SIGTERM, then SIGKILL after 5 s. Resolves when the process has ended. */
  stop(): Promise<void>
}

const STOP_MS = 5_000

export function endpointEnvironment(options: EndpointOptions): NodeJS.ProcessEnv {
  return {
    ...process.env,
    TZ: 'UTC',
    CLICKHOUSE_DATA_DIR: options.dataDir,
    CLICKHOUSE_PORT: String(options.port),
    CLICKHOUSE_CREDENTIALS_FILE: credentialsFileOf(options),
    UV_THREADPOOL_SIZE: String(MAX_QUERIES + SPARE_THREADS),
  }
}

/** Returns the command that starts main.ts. The process ends when its standard input ends. */
export function endpointCommand(): string[] {
  return [process.execPath, join(dirname(fileURLToPath(import.meta.url)), 'main.ts')]
}

/** Starts the endpoint and waits until it answers /ping. @throws Error with the end of its output */
export async function spawnEndpoint(options: EndpointOptions, timeoutMs = 30_000): Promise<RunningEndpoint> {
  const [command = '', ...args] = endpointCommand()
  const child = spawn(command, args, { env: endpointEnvironment(options), stdio: ['pipe', 'pipe', 'pipe'] })
  child.stdin?.on('error', () => {})
  let printed = ''
  const keep = (text: Buffer) => {
    printed = `${printed}${text}`.slice(-8_192)
  }
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  const deadline = Date.now() + timeoutMs
  while (Date.now() < deadline) {
    const url = /listens on (http:\S+)/.exec(printed)?.[1]
    if (url !== undefined && (await answersPing(url))) {
      return { url, credentials: readCredentials(options), child, stop: () => stop(child) }
    }
    if (child.exitCode !== null || child.signalCode !== null) break
    await sleep(10)
  }
  await stop(child)
  throw new Error(`the ClickHouse endpoint did not start: ${printed.trim() || 'it printed nothing'}`)
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
  await exited
  clearTimeout(timer)
}

async function answersPing(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/ping`)
    return response.ok && (await response.text()).startsWith('Ok.')
  } catch {
    return false
  }
}

function readCredentials(options: EndpointOptions): Credentials {
  return JSON.parse(readFileSync(credentialsFileOf(options), 'utf8')) as Credentials
}

function credentialsFileOf(options: EndpointOptions): string {
  return options.credentialsFile ?? join(dirname(options.dataDir), 'clickhouse-credentials.json')
}
