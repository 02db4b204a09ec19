import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { UserError } from '#platform/process/user-error.ts'
import { cacheDirectory, type Tell } from './artifacts.ts'
import type { DataDirectory } from './data-directory.ts'
import { type GuardedProcess, startGuarded } from './guarded-process.ts'
import { answersOk, failedStart, lastWords, untilReady } from './ready.ts'

/** A service may have to wait for the session of a killed forerunner to expire before its consumer group lets it in. */
const readyDeadlineMs = 120_000

const project = fileURLToPath(new URL('..', import.meta.url))

export interface NodePart {
  name: string
  title: string
  /** Below the project: services/sink/main.ts. */
  main: string
  /** All of it: nothing is inherited. */
  environment: NodeJS.ProcessEnv
}

/**
 * Starts one of the project's own programs and waits until a GET of `readyUrl` is answered with 200.
 * @throws UserError with its last words when it ends instead, or is not ready in time.
 */
export async function startNodePart(
  directory: DataDirectory,
  part: NodePart,
  readyUrl: string,
): Promise<GuardedProcess> {
  const started = await start(directory, part)
  if (await untilReady(() => answersOk(readyUrl), started.exited, readyDeadlineMs)) return started
  await started.kill()
  failedStart(part.title, logOf(directory, part.name))
}

/**
 * Runs one of the project's own programs to its end. What it logs with `progress` is told.
 * @throws UserError with its last words when that is no success
 */
export async function runNodeJob(directory: DataDirectory, part: NodePart, tell: Tell): Promise<void> {
  const started = await start(directory, part)
  const progress = followProgress(logOf(directory, part.name), (text) => tell(`${part.name}: ${text}`))
  const { code } = await started.exited
  progress.stop()
  if (code !== 0) throw new UserError(`${part.title} failed; ${lastWords(logOf(directory, part.name))}`)
}

const lookEveryMs = 500

/** Tells the messages of lines that a log gets from now on and that say `progress`. */
export function followProgress(logFile: string, tell: Tell): { stop: () => void } {
  const sizeNow = (): number => statSync(logFile, { throwIfNoEntry: false })?.size ?? 0
  let from = sizeNow()
  const look = (): void => {
    if (sizeNow() <= from) return
    const fresh = readFileSync(logFile).subarray(from)
    const whole = fresh.subarray(0, fresh.lastIndexOf('\n') + 1)
    from += whole.length
    for (const [, text] of `${whole}`.matchAll(/"progress":true,.*"msg":(".*")\}$/gm)) tell(JSON.parse(text ?? '""'))
  }
  const timer = setInterval(look, lookEveryMs)
  return { stop: () => clearInterval(timer) }
}

export const logOf = (directory: DataDirectory, name: string): string => join(directory.logs, `${name}.log`)
export const pidFileOf = (directory: Pick<DataDirectory, 'pids'>, name: string): string =>
  join(directory.pids, `${name}.pid`)

/** Stands on the command line of every program of a stack: which data directory it works for. */
export const markOf = (directory: DataDirectory): string => `--data=${directory.path}`

/** Where Node keeps what it made of our TypeScript: a process that finds it needs 30 MiB less, and starts sooner. */
export const compileCache = (environment: NodeJS.ProcessEnv): string => join(cacheDirectory(environment), 'node')

const start = (directory: DataDirectory, part: NodePart): Promise<GuardedProcess> =>
  startGuarded({
    command: process.execPath,
    args: [join(project, part.main), markOf(directory)],
    cwd: project,
    environment: { NODE_COMPILE_CACHE: compileCache(part.environment), ...part.environment },
    logFile: logOf(directory, part.name),
    pidFile: pidFileOf(directory, part.name),
    mark: markOf(directory),
  })
