import { copyFileSync, existsSync, readdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { dataOf, type Manifest, readManifest } from '#core/known-backups.ts'
import { UserError } from '#platform/process/user-error.ts'
import { type CopyProgress, copyTree, createAtomically } from './atomic-copy.ts'
import { rememberBackup } from './backup-records.ts'
import { checksumsOf, filesBelow, firstDifference } from './checksums.ts'
import { isWithin } from './data-directory.ts'
import { deletionsFile, readDeletions } from './deletions-file.ts'

export interface RestoreOptions {
  from: string
  dataDir: string
  progress: CopyProgress
}

/**
 * Creates a data directory from a backup and checks every file. The backup lists the deletions that came after it, and
 * the next `up` applies them.
 * @throws UserError if `from` is not a backup, a file differs from the manifest, or `dataDir` is not empty
 */
export async function restore({ from, dataDir, progress }: RestoreOptions): Promise<Manifest> {
  const backup = resolve(from)
  const target = resolve(dataDir)
  const manifest = readManifest(backup)
  const noted = deletionsFile(backup)
  // Fails here if the list of deletions is invalid, instead of at the next start.
  readDeletions(noted)
  if (existsSync(target) && (!statSync(target).isDirectory() || readdirSync(target).length > 0))
    throw new UserError(`${target} is there and not empty: name a new directory with --data.`)
  if (isWithin(target, backup)) throw new UserError(`${target} lies inside the backup: name a directory outside.`)
  const of = Object.keys(manifest.files).length
  return createAtomically(target, async (aside) => {
    const whole = join(aside, 'data')
    let copied = 0
    await copyTree(dataOf(backup), whole, () => progress('copying', ++copied, of))
    const found = await checksumsOf(whole, filesBelow(whole), (read) => progress('checking', read, of))
    const different = firstDifference(manifest.files, found)
    if (different !== undefined)
      throw new UserError(
        `${join(dataOf(backup), different)} is not what it was when the backup was made: use another one.`,
      )
    if (existsSync(noted)) copyFileSync(noted, deletionsFile(whole))
    rememberBackup(whole, { id: manifest.id, path: backup, at: manifest.at })
    return { whole, result: manifest }
  })
}
