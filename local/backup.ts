import { spawnSync } from 'node:child_process'
import { constants, copyFileSync, existsSync, lstatSync, mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { getPriority, setPriority } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { dataOf, type Manifest, manifestFile } from '#core/known-backups.ts'
import { UserError } from '#platform/process/user-error.ts'
import { version } from '#platform/process/version.ts'
import {
  type CopyProgress,
  copyTree,
  createAtomically,
  filesToCopy,
  leftoversIn,
  removeLeftover,
} from './atomic-copy.ts'
import { forgetBackups, lockBackups, rememberBackup } from './backup-records.ts'
import { checksumsOf, filesBelow, firstDifference, partsOf } from './checksums.ts'
import { backupDiskProblem, freeBytesOf, isWithin, lockDirectory, sourceOf } from './data-directory.ts'
import { deletionsFile } from './deletions-file.ts'
import { externalParts } from './plan.ts'
import { bytesOf, type RunningSnapshot, refuseChanges, removeSnapshot, takeSnapshot } from './running-snapshot.ts'
import { shellWord } from './shell-word.ts'
import { killLeftovers } from './stack.ts'

const parts = {
  needed: ['source', 'kafka', 'registry', 'clickhouse-credentials.json'],
  either: ['clickhouse', 'clickhouse-server'],
  perhaps: ['simulator.json', 'backups.json'],
}

export interface BackupOptions {
  dataDir: string
  to: string
  environment: NodeJS.ProcessEnv
  progress: CopyProgress
  /** Copies a running stack. By default, only a stopped one is copied. */
  running?: boolean
  /** Marks the backup as one that the stack made by itself. */
  scheduled?: boolean
  /** Called with the pid of another process that makes a backup of this directory, before waiting for its end. */
  onWait?: (pid: number) => void
  /** Called when a running stack goes on after the pause, before its files are copied. */
  afterPause?: () => void
  /** Called when the backup is complete, before another one of this directory may begin. */
  afterwards?: () => Promise<void>
}

/**
 * Copies the store, topics and registry of a stack as one unit, and checks the SHA-256 of each file. Holds the lock of a
 * stopped stack meanwhile. Stops Kafka, registry and store of a running one together, for less than a second, and copies what
 * their files were in that pause.
 * @throws UserError if the stack runs and `running` is not set, or the other way round; if a part of it is elsewhere; if
 * the disk lacks room; or if the target exists or cannot be written
 */
export async function backUp(options: BackupOptions): Promise<Manifest> {
  const { running, environment, onWait, afterwards } = options
  const from = resolve(options.dataDir)
  const target = resolve(options.to)
  const source = sourceOf(from)
  if (source === undefined) throw new UserError(`${from} holds no data of tidemark: name its directory with --data.`)
  if (!running) refuseElsewhere(environment)
  refuseTarget(from, target)
  const locks = [await lockBackups(from, onWait)]
  try {
    if (!running) locks.push(await lockStopped(from, target))
    const manifest = await make(from, target, source, options)
    await afterwards?.()
    return manifest
  } finally {
    removeSnapshot(from)
    for (const lock of locks) lock.release()
  }
}

async function lockStopped(from: string, target: string) {
  const lock = await lockDirectory(from)
  if ('heldBy' in lock) throw new UserError(whileItRuns(from, target, lock.heldBy))
  await killLeftovers({ path: from, pids: join(from, 'pids') }, () => {})
  return lock
}

/** Removes what killed backups of this data directory left beside the new one. */
async function removeLeftovers(from: string, target: string): Promise<void> {
  for (const path of leftoversIn(dirname(target), from)) {
    if (path === target) continue
    forgetBackups(from, (backup) => backup.path === path && !existsSync(path))
    await removeLeftover(path)
  }
}

async function make(from: string, target: string, source: Manifest['source'], options: BackupOptions) {
  const { running, scheduled, progress, afterPause } = options
  const taken = partsIn(from)
  const id = crypto.randomUUID()
  const fill = async (aside: string) => {
    await removeLeftovers(from, target)
    refuseFullDisk(from, aside, bytesOf(from, taken))
    const snapshot = running ? await takeSnapshot(from, taken) : undefined
    const at = snapshot?.at ?? new Date().toISOString()
    if (snapshot) afterPause?.()
    const copied = await copyParts(from, taken, dataOf(aside), progress, snapshot)
    const head = { format: 1, id, version, at, source, ...(snapshot && { pausedMs: snapshot.pausedMs }) } as const
    const manifest: Manifest = { ...head, ...copied }
    writeFileSync(manifestFile(aside), `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600 })
    // In this order, a deletion that comes meanwhile is either copied here, or does not find this backup and says so.
    rememberBackup(from, { id, path: target, at, ...(scheduled && { scheduledBy: from }) })
    const noted = deletionsFile(from)
    if (existsSync(noted)) await copyTree(noted, deletionsFile(aside), () => {})
    flushToDisk(aside)
    return { whole: aside, result: manifest }
  }
  try {
    return await createAtomically(target, fill, from)
  } catch (error) {
    forgetBackups(from, (backup) => backup.id === id)
    throw error
  }
}

async function copyParts(
  from: string,
  taken: string[],
  to: string,
  progress: CopyProgress,
  snapshot: RunningSnapshot | undefined,
) {
  const originalsIn = snapshot?.path ?? from
  const bytes = (path: string) => snapshot?.files.get(path)?.bytes
  const of = taken.reduce((sum, name) => sum + filesToCopy(join(originalsIn, name)), 0)
  mkdirSync(to, { mode: 0o700 })
  let done = 0
  for (const name of taken) {
    await copyTree(join(originalsIn, name), join(to, name), () => progress('copying', ++done, of))
  }
  const paths = filesBelow(to)
  for (const path of paths) cutOff(join(to, path), bytes(path))
  const files = await checksumsOf(to, paths, (read) => progress('checking', read, 2 * of))
  const originals = await checksumsOf(originalsIn, paths, (read) => progress('checking', of + read, 2 * of), bytes)
  if (snapshot) refuseChanges(snapshot)
  const different = firstDifference(originals, files)
  if (different !== undefined || paths.length !== of)
    throw new UserError(
      `The copy of ${different ?? from} differs from the original: is the disk sound, and nothing else at work in ${from}?`,
    )
  return { parts: partsOf(files), files }
}

/** Cuts off what Kafka appended to a segment after the snapshot. */
function cutOff(file: string, bytes: number | undefined): void {
  if (bytes !== undefined && lstatSync(file).size > bytes) truncateSync(file, bytes)
}

/** Writes cached blocks to the disk. Otherwise a power failure could leave a backup that has its name, but not its data. */
function flushToDisk(path: string): void {
  const { status, error } = spawnSync('sync', process.platform === 'linux' ? ['-f', path] : [])
  if (status !== 0) throw new UserError(`The backup could not be flushed to the disk: ${error ?? `sync -f ${path}`}.`)
}

/**
 * Lowers the priority of this process for good: copying and comparing take long, and must not take the processor from the
 * services. Only for a process that makes a backup and nothing else.
 */
export function lowerPriority(): void {
  const lower = 10
  if (getPriority() < lower) setPriority(lower)
}

function refuseFullDisk(from: string, aside: string, bytes: number): void {
  const needed = sharesBlocks(join(from, 'source'), aside) ? 0 : bytes
  const problem = backupDiskProblem(dirname(aside), freeBytesOf(aside), needed)
  if (problem !== undefined) throw new UserError(problem)
}

/** Returns true if the file system copies by reference, which takes no room. */
function sharesBlocks(file: string, directory: string): boolean {
  const copy = join(directory, 'by-reference')
  try {
    copyFileSync(file, copy, constants.COPYFILE_FICLONE_FORCE)
    return true
  } catch {
    return false
  } finally {
    rmSync(copy, { force: true })
  }
}

function partsIn(from: string): string[] {
  const { needed, either, perhaps } = parts
  const isThere = (name: string): boolean => existsSync(join(from, name))
  const absent = [...needed.filter((name) => !isThere(name)), ...(either.some(isThere) ? [] : [either[0]])]
  if (absent.length > 0)
    throw new UserError(
      `${from} has no ${absent.join(', ')}: a part of its stack is elsewhere or was never started; docs/operations.md says how to back up parts that are elsewhere.`,
    )
  return [...needed, ...either, ...perhaps].filter(isThere)
}

function refuseElsewhere(environment: NodeJS.ProcessEnv): void {
  const away = Object.values(externalParts(environment)).some(Boolean)
  if (away)
    throw new UserError(
      'KAFKA_BROKERS, SCHEMA_REGISTRY_URL or CLICKHOUSE_URL is set, so a part of the stack is elsewhere: back it up there, as docs/operations.md says, or unset it.',
    )
}

function refuseTarget(from: string, target: string): void {
  if (existsSync(target)) throw new UserError(`${target} exists: name a directory that does not.`)
  if (isWithin(target, from)) throw new UserError(`${target} lies inside the data directory ${from}: name one outside.`)
}

const whileItRuns = (from: string, target: string, pid: number): string => {
  const [data, to] = [shellWord(from), shellWord(target)]
  return `A stack runs in ${from} (process ${pid}): \`npx tidemark backup --running ${to} --data ${data}\` copies it as it runs. To copy it stopped: \`npx tidemark down --data ${data}\`, \`npx tidemark backup ${to} --data ${data}\`, \`npx tidemark up --data ${data}\`.`
}
