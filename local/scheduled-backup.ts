// The backup that a running stack makes by itself. As a program it is a process of its own, because it takes long and
// works with a lower priority than the supervisor.
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { isWhole, type KnownBackup, knownBackups, type Manifest, readManifest } from '#core/known-backups.ts'
import { UserError } from '#platform/process/user-error.ts'
import { removeAtomically } from './atomic-copy.ts'
import { backUp, lowerPriority } from './backup.ts'
import { forgetBackups } from './backup-records.ts'
import { type BackupPlan, backupPlan, isScheduled, recordBackupFailure } from './backup-schedule.ts'
import { sourceOf } from './data-directory.ts'

/**
 * Makes a backup of the stack that runs in `dataDir`, then removes older ones of the same stack and directory: `keep`
 * whole ones stay.
 * @throws UserError as backUp() does, or if an older backup could not be removed
 */
export function makeScheduledBackup(dataDir: string, plan: BackupPlan, afterPause?: () => void): Promise<Manifest> {
  const time = new Date().toISOString().replaceAll(':', '-')
  return backUp({
    dataDir,
    to: join(plan.directory, `${sourceOf(dataDir)}-${time}`),
    environment: {},
    progress: () => undefined,
    running: true,
    scheduled: true,
    ...(afterPause && { afterPause }),
    afterwards: () => removeOlder(dataDir, plan),
  })
}

async function removeOlder(dataDir: string, plan: BackupPlan): Promise<void> {
  const newestFirst = knownBackups(dataDir).reverse()
  let whole = 0
  for (const backup of newestFirst) {
    if (!isScheduled(dataDir, plan, backup)) continue
    if (whole >= plan.keep) await remove(dataDir, backup)
    else if (await isWhole(backup)) whole += 1
  }
}

/** Does nothing if another backup, or something else, is in its place. */
async function remove(dataDir: string, { id, path }: KnownBackup): Promise<void> {
  if (!isOurs(id, path)) return
  try {
    await removeAtomically(path, dataDir, () => forgetBackups(dataDir, (backup) => backup.id === id))
  } catch (error) {
    throw new UserError(`A backup is made, but the older one in ${path} was not removed: ${(error as Error).message}`)
  }
}

function isOurs(id: string, path: string): boolean {
  try {
    return readManifest(path).id === id
  } catch {
    return false
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { data: { type: 'string', default: '' } } })
  const plan = backupPlan(process.env)
  if (plan === undefined) throw new Error('BACKUP_DIRECTORY is not set')
  try {
    await makeScheduledBackup(values.data, plan, lowerPriority)
    recordBackupFailure(values.data, undefined)
  } catch (error) {
    recordBackupFailure(values.data, { at: new Date().toISOString(), error: (error as Error).message })
    throw error
  }
}

if (import.meta.main) await main()
