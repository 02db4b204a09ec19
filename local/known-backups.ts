import { existsSync, lstatSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { UserError } from '#platform/process/user-error.ts'
import { deletionsFile, type RecordedDeletion, recordDeletion } from './deletions-file.ts'
import { type Lock, lockHolder, waitForLock } from './lock.ts'
import { dataOf, readManifest } from './manifest.ts'
import { readIfThere } from './read-if-there.ts'
import { replaceFile } from './replace-file.ts'

const KnownBackup = z.object({
  id: z.string(),
  path: z.string(),
  at: z.string(),
  scheduledBy: z.string().optional(),
})

/**
 * A backup of this data directory, or of the one that it was restored from. `at` is the time of its contents, ISO 8601.
 * `scheduledBy` is the data directory whose stack made it by itself, and removes it by itself.
 */
export type KnownBackup = z.infer<typeof KnownBackup>

export const backupsFile = (dataDir: string): string => join(dataDir, 'backups.json')

/** Returns the backups of a data directory. @throws UserError if their list cannot be read or parsed */
export function knownBackups(dataDir: string): KnownBackup[] {
  const file = backupsFile(dataDir)
  const text = readIfThere(file)
  if (text === undefined) return []
  try {
    return z.array(KnownBackup).parse(JSON.parse(text))
  } catch {
    throw new UserError(`${file} should list the backups of this directory, and cannot be read: mend it.`)
  }
}

/** Locks the backups of a data directory for this process: one at a time is made, and their list has one writer. */
export const lockBackups = (dataDir: string, onWait?: (pid: number) => void): Promise<Lock> =>
  waitForLock(lockFile(dataDir), onWait)

/** Returns the pid of the process that makes a backup of this data directory; undefined if none does. */
export const backupRunning = (dataDir: string): number | undefined => lockHolder(lockFile(dataDir))

const lockFile = (dataDir: string): string => join(dataDir, 'stack.backup.lock')

export function rememberBackup(dataDir: string, backup: KnownBackup): void {
  const others = knownBackups(dataDir).filter(({ id }) => id !== backup.id)
  replaceFile(backupsFile(dataDir), `${JSON.stringify([...others, backup], null, 2)}\n`)
}

export function forgetBackups(dataDir: string, forgotten: (backup: KnownBackup) => boolean): void {
  const known = knownBackups(dataDir)
  const kept = known.filter((backup) => !forgotten(backup))
  if (kept.length < known.length) replaceFile(backupsFile(dataDir), `${JSON.stringify(kept, null, 2)}\n`)
}

export interface GoodBackup extends KnownBackup {
  bytes: number
}

/**
 * Returns true if the manifest of a backup can be read, and each of its files is there with its size. Only `restore`
 * compares contents.
 */
export const isWhole = (backup: KnownBackup): boolean => bytesIfWhole(backup) !== undefined

/**
 * Returns the newest known backup that is whole, of those that `chosen` accepts; undefined if there is none. Reads the sizes of all files of one backup, which takes 10 ms for 1,000 files. A backup with a time after `nowMs` does not count.
 * @throws UserError if the list of backups cannot be read
 */
export function lastGoodBackup(
  dataDir: string,
  chosen: (backup: KnownBackup) => boolean = () => true,
  nowMs = Date.now(),
): GoodBackup | undefined {
  const newestFirst = knownBackups(dataDir)
    .filter((backup) => chosen(backup) && Date.parse(backup.at) <= nowMs)
    .toSorted((a, b) => Date.parse(b.at) - Date.parse(a.at))
  for (const backup of newestFirst) {
    const bytes = bytesIfWhole(backup)
    if (bytes !== undefined) return { ...backup, bytes }
  }
  return undefined
}

function bytesIfWhole({ id, path }: KnownBackup): number | undefined {
  try {
    const manifest = readManifest(path)
    const files = Object.entries(manifest.files)
    const isWhole = files.every(([name, { bytes }]) => lstatSync(join(dataOf(path), name)).size === bytes)
    return manifest.id === id && isWhole ? files.reduce((sum, [, { bytes }]) => sum + bytes, 0) : undefined
  } catch {
    return undefined
  }
}

/** Adds a deletion to all known backups, so that restored stacks repeat it. Returns `noted` and `unreachable` paths. */
export function recordDeletionInBackups(dataDir: string, deletion: RecordedDeletion) {
  const noted: string[] = []
  const unreachable: { path: string; reason: string }[] = []
  for (const { id, path } of knownBackups(dataDir)) {
    try {
      if (!existsSync(path)) throw new UserError('it is not there')
      if (readManifest(path).id !== id) throw new UserError('another backup is there')
      recordDeletion(deletionsFile(path), deletion)
      noted.push(path)
    } catch (error) {
      unreachable.push({ path, reason: (error as Error).message })
    }
  }
  return { noted, unreachable }
}
