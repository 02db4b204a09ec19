import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePorts } from '#local/free-ports.ts'
import { onlyMainDatasetSetting } from './other-datasets.ts'

export const projectRoot = fileURLToPath(new URL('../..', import.meta.url))

/** A running service, started as the stack starts it. Its log goes to a file. */
export interface ServiceProcess {
  name: string
  pid: number
  url: string
  log: () => string
  /** Sends a signal, by default SIGKILL. Resolves to the exit code. */
  kill: (signal?: NodeJS.Signals) => Promise<number | null>
}

export interface Program {
  root?: string
  parameters?: string[]
}

const defaults = { DATASET_SCHEDULES: onlyMainDatasetSetting, OTEL_EXPORTER_OTLP_ENDPOINT: '' }

/** Starts a service and waits until /ready answers 200. By default only the main dataset is on, and nothing is traced. */
export async function startService(
  name: string,
  environment: NodeJS.ProcessEnv,
  logFile: string,
  { root = projectRoot, parameters = [] }: Program = {},
): Promise<ServiceProcess> {
  const [port = 0] = await freePorts(1)
  const log = openSync(logFile, 'a')
  const child = spawn(process.execPath, [`services/${name}/main.ts`, ...parameters], {
    cwd: root,
    env: { ...process.env, ...defaults, ...environment, HEALTH_PORT: `${port}` },
    stdio: ['ignore', log, log, 'ipc'],
  })
  closeSync(log)
  const url = `http://127.0.0.1:${port}`
  const gone = () => child.exitCode !== null || child.signalCode !== null
  const deadlineMs = Date.now() + 40_000
  while (!(await answersReady(url))) {
    if (gone() || Date.now() > deadlineMs) {
      if (!gone()) child.kill('SIGKILL')
      throw new Error(`${name} is not ready: ${readFileSync(logFile, 'utf8')}`)
    }
    await sleep(20)
  }
  return {
    name,
    pid: child.pid ?? 0,
    url,
    log: () => readFileSync(logFile, 'utf8'),
    kill: async (signal = 'SIGKILL') => {
      if (gone()) return child.exitCode
      const exited = once(child, 'exit')
      child.kill(signal)
      await exited
      return child.exitCode
    },
  }
}

/** Runs a script to its end. @throws Error with its output if it fails */
export async function runScript(script: string, environment: NodeJS.ProcessEnv, root = projectRoot): Promise<void> {
  const child = spawn(process.execPath, [script], {
    cwd: root,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let printed = ''
  child.stdout.on('data', (text) => {
    printed += text
  })
  child.stderr.on('data', (text) => {
    printed += text
  })
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`${script} exited ${code}: ${printed}`)
}

async function answersReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/ready`, { signal: AbortSignal.timeout(2_000) })).ok
  } catch {
    return false
  }
}
