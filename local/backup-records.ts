import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { backupsFile, type KnownBackup, knownBackups, readManifest } from '#core/known-backups.ts'
import { UserError } from '#platform/process/user-error.ts'
import { deletionsFile, type RecordedDeletion, recordDeletion } from './deletions-file.ts'
import { type Lock, lockHolder, waitForLock } from './lock.ts'
import { replaceFile } from './replace-file.ts'

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
