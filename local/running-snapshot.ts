import {
  constants,
  copyFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  rmSync,
  type Stats,
  symlinkSync,
} from 'node:fs'
import { join } from 'node:path'
import { pause } from '#platform/process/retry.ts'
import { UserError } from '#platform/process/user-error.ts'
import { runningIn } from './data-directory.ts'
import { whilePaused } from './pause-processes.ts'
import { commandLine } from './process-table.ts'
import { readStackFile } from './stack-file.ts'

/** Longest pause of Kafka, registry and store, ms. A longer one could lose a tick of a dataset that is sampled every second. */
const maxPauseMs = 900
const maxAttempts = 5
const betweenAttemptsMs = 2_000
const pausedParts = ['kafka', 'registry', 'clickhouse'] as const

/** The files of a running stack at one instant. Most are hard links of the originals. */
export interface RunningSnapshot {
  path: string
  /** What each file was at that instant. Kafka's segments have grown since, and count up to `bytes`. */
  files: ReadonlyMap<string, SnapshotFile>
  /** The instant, ISO 8601. */
  at: string
  /** For how long Kafka, registry and store were stopped, ms. */
  pausedMs: number
}

interface SnapshotFile {
  bytes: number
  /** Set if the file is a link of the original, and must not change. */
  mtimeMs?: number
}

const snapshotPath = (dataDir: string): string => join(dataDir, 'backup.snapshot')

export const removeSnapshot = (dataDir: string): void => rmSync(snapshotPath(dataDir), { recursive: true, force: true })

/**
 * Takes a snapshot of `names` of the stack that runs in `dataDir`. Stops Kafka, registry and store together meanwhile,
 * so that the snapshot is what a kill of all three would leave, and a start recovers it as after a kill.
 * @throws UserError if no whole stack runs there, if it takes too long, or if the files cannot be linked
 */
export async function takeSnapshot(dataDir: string, names: readonly string[]): Promise<RunningSnapshot> {
  const path = snapshotPath(dataDir)
  for (let attempt = 1; attempt <= maxAttempts; attempt++) {
    const pids = pausedPids(dataDir)
    removeSnapshot(dataDir)
    // Most links are made before the pause, which keeps it short.
    const before = linkBefore(dataDir, names, path)
    const held = await whilePaused(pids, maxPauseMs, () => {
      return { at: new Date().toISOString(), files: linkInPause(dataDir, names, path, before) }
    })
    if (held !== undefined) {
      const { files, at } = held.result
      for (const gone of before.keys()) rmSync(join(path, gone), { recursive: true, force: true })
      return { path, at, files, pausedMs: held.pausedMs }
    }
    if (attempt < maxAttempts) await pause(betweenAttemptsMs)
  }
  throw new UserError(
    `The files in ${dataDir} could not be linked while Kafka, registry and store were stopped for ${maxPauseMs} ms, in ${maxAttempts} attempts: is the machine busy, or a part starting again? Try later, or back up the stopped stack.`,
  )
}

/** Returns the pids of the parts that write. @throws UserError if a part does not run, or runs elsewhere */
function pausedPids(dataDir: string): number[] {
  const stack = readStackFile(dataDir)
  if (stack === undefined || stack.pid !== runningIn(dataDir))
    throw new UserError(`No stack runs in ${dataDir}: leave --running out, or start it with \`npx tidemark up\`.`)
  return pausedParts.map((name) => {
    const part = stack.parts[name]
    if (part === undefined && stack.state === 'ready')
      throw new UserError(`${name} runs elsewhere: back it up there, as docs/operations.md says.`)
    if (part?.state !== 'running' || !commandLine(part.pid)?.includes(dataDir))
      throw new UserError(
        `${name} of the stack in ${dataDir} does not run at the moment: try again when it is healthy.`,
      )
    return part.pid
  })
}

/** @throws UserError if a file of the snapshot was changed since, other than by appending to a segment of Kafka */
export function refuseChanges({ path, files }: RunningSnapshot): void {
  for (const [name, { bytes, mtimeMs }] of files) {
    if (mtimeMs === undefined || isAppended(name)) continue
    const now = lstatSync(join(path, name))
    if (now.size !== bytes || now.mtimeMs !== mtimeMs)
      throw new UserError(`${name} changed while it was copied: make the backup again.`)
  }
}

/** Links what is never rewritten, while the stack goes on. Returns the inode of each link and directory. */
function linkBefore(from: string, names: readonly string[], to: string): Map<string, number> {
  const made = new Map<string, number>()
  mkdirSync(to, { mode: 0o700 })
  withLinkErrors(from, () => {
    for (const { path, stat } of entriesOf(from, names)) {
      if (stat.isDirectory()) mkdirSync(join(to, path))
      else if (!stat.isFile() || !isNeverRewritten(path) || !linkIfThere(join(from, path), join(to, path))) continue
      made.set(path, stat.ino)
    }
  })
  return made
}

function linkIfThere(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

/** Completes the links of linkBefore(), and copies what is rewritten. Leaves in `before` what is there no longer. */
function linkInPause(
  from: string,
  names: readonly string[],
  to: string,
  before: Map<string, number>,
): Map<string, SnapshotFile> {
  const files = new Map<string, SnapshotFile>()
  withLinkErrors(from, () => {
    for (const { path, stat } of entriesOf(from, names)) {
      const [original, target] = [join(from, path), join(to, path)]
      const isThere = before.get(path) === stat.ino
      if (before.delete(path) && !isThere) {
        rmSync(target, { recursive: true })
        for (const below of before.keys()) if (below.startsWith(`${path}/`)) before.delete(below)
      }
      if (stat.isDirectory()) {
        if (!isThere) mkdirSync(target)
        continue
      }
      const isLinked = stat.isFile() && isNeverRewritten(path)
      if (stat.isSymbolicLink()) symlinkSync(readlinkSync(original), target)
      else if (!isLinked) copyFileSync(original, target, constants.COPYFILE_FICLONE)
      else if (!isThere) linkSync(original, target)
      files.set(path, { bytes: stat.size, ...(isLinked && { mtimeMs: stat.mtimeMs }) })
    }
  })
  return files
}

function withLinkErrors(from: string, work: () => void): void {
  try {
    work()
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const cause = code === 'EXDEV' ? 'a part of it lies on another disk' : message
    throw new UserError(`The files in ${from} cannot be linked (${cause}): back up the stopped stack.`)
  }
}

interface Entry {
  path: string
  stat: Stats
}

/** Lists parts of a running stack: directories before what is in them, without what a start would remove. */
function* entriesOf(from: string, paths: readonly string[]): Generator<Entry> {
  for (const path of paths) {
    // Without the pause, files vanish between two steps.
    const stat = lstatSync(join(from, path), { throwIfNoEntry: false })
    if (stat === undefined || path.endsWith('.pid')) continue
    if (stat.isDirectory() || stat.isFile() || stat.isSymbolicLink()) yield { path, stat }
    if (stat.isDirectory()) yield* entriesOf(from, pathsIn(from, path))
  }
}

function pathsIn(from: string, directory: string): string[] {
  const names = namesIn(join(from, directory))
  const newest = names
    .filter((name) => name.endsWith('.log'))
    .toSorted()
    .at(-1)
  return names.filter((name) => !isLeftOut(directory, name, newest)).map((name) => `${directory}/${name}`)
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/** Bytes of the files of a running stack, for an estimate: they may change at once. */
export function bytesOf(from: string, names: readonly string[]): number {
  let bytes = 0
  for (const { stat } of entriesOf(from, names)) if (stat.isFile()) bytes += stat.size
  return bytes
}

const isSegmentDirectory = (path: string): boolean => /^kafka\/messages\/[^/]+$/.test(path)

/**
 * Temporary files and parts, and the indexes of the segment that Kafka appends to: it writes them in place, 10 MiB each, and makes
 * missing ones anew from the segment.
 */
function isLeftOut(directory: string, name: string, newestLog: string | undefined): boolean {
  // A table may be called tmp_something, too: its .sql stands in a directory of this form.
  if (/^clickhouse.*\/store\/[0-9a-f]{3}\/[^/]+$/.test(directory)) return /^(delete_)?tmp_.*(?<!\.sql)$/.test(name)
  if (!isSegmentDirectory(directory)) return false
  if (/\.(cleaned|deleted|tmp|part)$/.test(name)) return true
  const isIndex = /\.(index|timeindex|txnindex)$/.test(name)
  return isIndex && newestLog !== undefined && name.startsWith(newestLog.slice(0, -'.log'.length))
}

/** Kafka's segments and ClickHouse's parts. All other files are few and small, and are copied in the pause. */
const isNeverRewritten = (path: string): boolean =>
  /^kafka\/messages\/[^/]+\/|^clickhouse(-server)?\/(.+\/)?store\/[0-9a-f]{3}\//.test(path)

const isAppended = (path: string): boolean => /^kafka\/messages\/[^/]+\/\d+\.log$/.test(path)
