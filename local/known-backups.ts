import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { UserError } from '#platform/process/user-error.ts'
import { deletionsFile, type RecordedDeletion, recordDeletion } from './deletions-file.ts'
import { readManifest } from './manifest.ts'
import { readIfThere } from './read-if-there.ts'
import { replaceFile } from './replace-file.ts'

const KnownBackup = z.object({ id: z.string(), path: z.string(), at: z.string() })

/** A backup of this data directory. `at` is when it was made, ISO 8601. */
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

export function rememberBackup(dataDir: string, backup: KnownBackup): void {
  const others = knownBackups(dataDir).filter(({ id }) => id !== backup.id)
  replaceFile(backupsFile(dataDir), `${JSON.stringify([...others, backup], null, 2)}\n`)
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
