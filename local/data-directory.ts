import { existsSync, mkdirSync, readdirSync, realpathSync, statfsSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve, sep } from 'node:path'
import { readIfThere } from '#platform/process/read-if-there.ts'
import { UserError } from '#platform/process/user-error.ts'
import { type Lock, lockHolder, tryLock } from './lock.ts'
import { shellWord } from './shell-word.ts'

export type SourceKind = 'live' | 'simulated'

export interface DataDirectory {
  path: string
  logs: string
  pids: string
  lock: Lock
}

const minFreeMiB = 500
/** Least free space on the disk, MiB. Kafka and ClickHouse write several MiB at once and fail with less. */
const fullMiB = 16

/**
 * Creates the data directory if absent, and locks it for this process.
 * @throws UserError if it is in use, holds other data, cannot be created or written, or the disk is full
 */
export async function openDataDirectory(directory: string, source: SourceKind): Promise<DataDirectory> {
  const path = resolve(directory)
  // A comma separates Kafka's directories; a semicolon separates the settings of the registry's database.
  if (/[,;\p{Cc}]/u.test(path))
    throw new UserError(`The data directory ${path} has a comma or semicolon in its name: choose another with --data.`)
  make(path)
  const lock = await take(path)
  if ('heldBy' in lock) {
    throw new UserError(
      `The data directory ${path} is in use by a running stack (process ${lock.heldBy}): stop it with \`npx tidemark down --data ${shellWord(path)}\`, or choose another with --data.`,
    )
  }
  try {
    refuseOtherSource(path, source)
    return { path, logs: join(path, 'logs'), pids: join(path, 'pids'), lock }
  } catch (error) {
    lock.release()
    throw error
  }
}

/** Labels the data as live or simulated, for good. Call it only when a part is about to start. */
export function labelDirectory({ path, logs, pids }: DataDirectory, source: SourceKind): void {
  // The label comes first, because a directory with files and without a label counts as foreign.
  if (sourceOf(path) === undefined) writeFileSync(join(path, 'source'), `${source}\n`)
  for (const each of [logs, pids]) mkdirSync(each, { recursive: true })
}

/** Returns the pid of the stack that runs here, or undefined. @throws UserError if the lock is unreadable */
export const runningIn = (directory: string): number | undefined => lockHolder(lockFile(resolve(directory)))

/** Locks a directory so that no stack starts in it, or returns the pid of the stack that runs there. */
export const lockDirectory = (directory: string): Promise<Lock | { heldBy: number }> => tryLock(lockFile(directory))

/**
 * Returns the label of a directory; undefined if it has no label, so no data.
 * @throws UserError if the label is invalid
 */
export function sourceOf(directory: string): SourceKind | undefined {
  const file = join(directory, 'source')
  const text = readIfThere(file)?.trim()
  if (text === undefined || text === 'live' || text === 'simulated') return text
  throw new UserError(`${file} should say live or simulated, and does not: choose another directory with --data.`)
}

/** Returns true if the path is the directory or lies below it. Resolves symbolic links. */
export function isWithin(path: string, directory: string): boolean {
  const real = (each: string): string =>
    existsSync(each) ? realpathSync(each) : join(real(dirname(each)), basename(each))
  return `${real(path)}${sep}`.startsWith(`${real(directory)}${sep}`)
}

const lockFile = (path: string): string => join(path, 'stack.lock')

function make(path: string): void {
  try {
    makeLevels(path)
  } catch (error) {
    throw new UserError(
      `The data directory ${path} cannot be made (${(error as Error).message}): choose another with --data.`,
    )
  }
}

/**
 * Creates a directory level by level. With `recursive: true`, Node loops forever below a directory like /proc, in which
 * nothing can be created.
 */
function makeLevels(path: string): void {
  const isThere = (): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
  if (isThere()) return
  if (dirname(path) !== path) makeLevels(dirname(path))
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    if (!isThere()) throw error
  }
}

async function take(path: string): Promise<Lock | { heldBy: number }> {
  try {
    refuseForeign(path)
    refuseFullDisk(path)
    return await tryLock(lockFile(path))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    throw new UserError(`The data directory ${path} cannot be written (${code}): choose another with --data.`)
  }
}

function refuseForeign(path: string): void {
  const foreign = readdirSync(path).filter((name) => !name.startsWith('stack.'))
  if (foreign.length > 0 && !existsSync(join(path, 'source')))
    throw new UserError(
      `${path} holds something else than tidemark's data: choose an empty or new directory with --data.`,
    )
}

function refuseOtherSource(path: string, source: SourceKind): void {
  const held = sourceOf(path)
  if (held !== undefined && held !== source)
    throw new UserError(
      `${path} holds ${held} data and cannot take ${source} data: use --source ${held}, or another --data.`,
    )
}

function refuseFullDisk(path: string): void {
  const problem = diskProblem(path, freeBytesOf(path))
  if (problem !== undefined) throw new UserError(problem)
}

export function diskProblem(path: string, freeBytes: number): string | undefined {
  const freeMiB = Math.floor(freeBytes / 1024 / 1024)
  if (freeMiB >= minFreeMiB) return undefined
  return `The disk of ${path} has ${freeMiB} MiB free, and tidemark needs ${minFreeMiB}: make room, or choose --data on another disk.`
}

/** Returns why a backup of `neededBytes` is not begun on the disk of `path`: it must leave room for a running stack. */
export function backupDiskProblem(path: string, freeBytes: number, neededBytes: number): string | undefined {
  const [freeMiB, neededMiB] = [Math.floor(freeBytes / 1024 / 1024), Math.ceil(neededBytes / 1024 / 1024)]
  if (freeMiB >= neededMiB + minFreeMiB) return undefined
  return `The disk of ${path} has ${freeMiB} MiB free, and the backup needs ${neededMiB} and must leave ${minFreeMiB}: make room, or choose a directory on another disk.`
}

export const diskIsFull = (path: string): boolean => freeBytesOf(path) < fullMiB * 1024 * 1024

export function freeBytesOf(path: string): number {
  const { bavail, bsize } = statfsSync(path)
  return bavail * bsize
}
