import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { UserError } from '#platform/process/user-error.ts'
import { cacheDirectory, type ReportProgress } from './artifacts.ts'
import type { DataDirectory } from './data-directory.ts'
import { type GuardedProcess, startGuarded } from './guarded-process.ts'
import { logTail, returns200, throwFailedStart, untilReady } from './ready.ts'

/** Time for a program to become ready, ms. A service may wait until the session of a killed predecessor expires. */
const readyDeadlineMs = 120_000

const project = fileURLToPath(new URL('..', import.meta.url))

export interface NodePart {
  name: string
  title: string
  main: string
  /** The whole environment of the program. It inherits nothing from this process. */
  environment: NodeJS.ProcessEnv
  /** True: the program has bursts of millions of records, and keeps Node's own size of the heap for new objects. */
  isBulky?: boolean
}

/**
 * Half of what Node takes. A program that waits for most of the time gives the rest back late or never: 15 to 40 MiB each.
 * A bulky one would collect garbage twice as often.
 */
const smallYoungHeap = '--max-semi-space-size=8'

/** Starts a Node program and waits until a GET of `readyUrl` returns 200. @throws UserError with the end of the log */
export async function startNodePart(
  directory: DataDirectory,
  part: NodePart,
  readyUrl: string,
): Promise<GuardedProcess> {
  const started = await start(directory, part)
  if (await untilReady(() => returns200(readyUrl), started.exited, readyDeadlineMs)) return started
  await started.kill()
  throwFailedStart(part.title, logOf(directory, part.name))
}

/** Runs a Node program to its end and passes on its progress messages. @throws UserError with the end of the log */
export async function runNodeJob(directory: DataDirectory, part: NodePart, tell: ReportProgress): Promise<void> {
  const started = await start(directory, part)
  const progress = followProgress(logOf(directory, part.name), (text) => tell(`${part.name}: ${text}`))
  const { code } = await started.exited
  progress.stop()
  if (code !== 0) throw new UserError(`${part.title} failed; ${logTail(logOf(directory, part.name))}`)
}

const lookEveryMs = 500

/** Passes on the messages of new log lines that are marked `progress`. Reads the log every 500 ms. */
export function followProgress(logFile: string, tell: ReportProgress): { stop: () => void } {
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

export const markOf = (directory: DataDirectory): string => `--data=${directory.path}`

/** Path of Node's cache of compiled TypeScript. With it a process needs 30 MiB less and starts sooner. */
export const compileCache = (environment: NodeJS.ProcessEnv): string => join(cacheDirectory(environment), 'node')

const start = (directory: DataDirectory, part: NodePart): Promise<GuardedProcess> =>
  startGuarded({
    command: process.execPath,
    args: [...(part.isBulky ? [] : [smallYoungHeap]), join(project, part.main), markOf(directory)],
    cwd: project,
    environment: { NODE_COMPILE_CACHE: compileCache(part.environment), ...part.environment },
    logFile: logOf(directory, part.name),
    pidFile: pidFileOf(directory, part.name),
    mark: markOf(directory),
  })
