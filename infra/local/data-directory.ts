import { existsSync, mkdirSync, readdirSync, readFileSync, statfsSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Lock, lockHolder, tryLock } from './lock.ts'
import { Problem } from './problem.ts'

/** Where the data comes from; a data directory holds one of the two. */
export type SourceKind = 'live' | 'simulated'

/** Everything that one stack keeps on disk. */
export interface DataDirectory {
  path: string
  logs: string
  pids: string
  lock: Lock
}

const leastFreeMiB = 500
/** Kafka and ClickHouse write in runs of some MiB: with less than this their writes fail. */
const fullMiB = 16

/**
 * Takes the data directory for this process: made when absent, locked, of the right source, with room on its disk.
 * @throws Problem when another stack uses it, it holds data of the other source or something else, or the disk is full.
 */
export async function openDataDirectory(directory: string, source: SourceKind): Promise<DataDirectory> {
  const path = resolve(directory)
  // A comma parts Kafka's directories, a semicolon the database's settings.
  if (/[,;\p{Cc}]/u.test(path))
    throw new Problem(`The data directory ${path} has a comma or semicolon in its name: choose another with --data.`)
  make(path)
  refuseForeign(path)
  const lock = await tryLock(lockFile(path))
  if ('heldBy' in lock) {
    throw new Problem(
      `The data directory ${path} is in use by a running stack (process ${lock.heldBy}): stop it with \`npx tidemark down --data ${path}\`, or choose another with --data.`,
    )
  }
  try {
    rememberSource(path, source)
    refuseFullDisk(path)
    const directories = { logs: join(path, 'logs'), pids: join(path, 'pids') }
    for (const each of Object.values(directories)) mkdirSync(each, { recursive: true })
    return { path, ...directories, lock }
  } catch (error) {
    lock.release()
    throw error
  }
}

/** The process that runs a stack in this directory, if one does. */
export const runningIn = (directory: string): number | undefined => lockHolder(lockFile(resolve(directory)))

/** The source whose data the directory holds; undefined when it holds none yet. */
export function sourceOf(directory: string): SourceKind | undefined {
  const file = join(directory, 'source')
  if (!existsSync(file)) return undefined
  const text = readFileSync(file, 'utf8').trim()
  if (text === 'live' || text === 'simulated') return text
  throw new Problem(`${file} should say live or simulated, and does not: choose another directory with --data.`)
}

const lockFile = (path: string): string => join(path, 'stack.lock')

function make(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new Problem(
      `The data directory ${path} cannot be made (${(error as Error).message}): choose another with --data.`,
    )
  }
}

function refuseForeign(path: string): void {
  const foreign = readdirSync(path).filter((name) => !name.startsWith('stack.'))
  if (foreign.length > 0 && !existsSync(join(path, 'source')))
    throw new Problem(
      `${path} holds something else than tidemark's data: choose an empty or new directory with --data.`,
    )
}

function rememberSource(path: string, source: SourceKind): void {
  const held = sourceOf(path)
  if (held === undefined) writeFileSync(join(path, 'source'), `${source}\n`)
  else if (held !== source)
    throw new Problem(
      `${path} holds ${held} data and cannot take ${source} data: use --source ${held}, or another --data.`,
    )
}

function refuseFullDisk(path: string): void {
  const problem = diskProblem(path, freeBytesOf(path))
  if (problem !== undefined) throw new Problem(problem)
}

/** What to say when a disk with so many free bytes is too full to start on; undefined when it is not. */
export function diskProblem(path: string, freeBytes: number): string | undefined {
  const freeMiB = Math.floor(freeBytes / 1024 / 1024)
  if (freeMiB >= leastFreeMiB) return undefined
  return `The disk of ${path} has ${freeMiB} MiB free, and tidemark needs ${leastFreeMiB}: make room, or choose --data on another disk.`
}

/** Whether the disk of a running stack has no room left. */
export const diskIsFull = (path: string): boolean => freeBytesOf(path) < fullMiB * 1024 * 1024

function freeBytesOf(path: string): number {
  const { bavail, bsize } = statfsSync(path)
  return bavail * bsize
}
