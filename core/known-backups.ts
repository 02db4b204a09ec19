// The backups of a data directory, and which of them are good. `local/` makes them.
import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { readIfThere } from '#platform/process/read-if-there.ts'
import { UserError } from '#platform/process/user-error.ts'

export const backupInterval = {
  BACKUP_EVERY_H: z.coerce.number().positive().max(8_784).default(24).describe('hours between two backups'),
}

const KnownBackup = z.object({
  id: z.string(),
  path: z.string(),
  at: z.string(),
  scheduledBy: z.string().optional(),
})

/**
 * A backup of a data directory, or of the one that it was restored from. `at` is the time of its contents, ISO 8601.
 * `scheduledBy` is the data directory whose stack made it by itself, and removes it by itself.
 */
export type KnownBackup = z.infer<typeof KnownBackup>

/** Path of the list of the backups of a data directory. */
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

const Manifest = z.object({
  format: z.literal(1),
  id: z.string(),
  version: z.string(),
  at: z.string(),
  source: z.enum(['live', 'simulated']),
  /** Of a running stack: for how long Kafka, registry and store were stopped, ms. */
  pausedMs: z.int().optional(),
  parts: z.record(z.string(), z.object({ files: z.int(), bytes: z.int() })),
  files: z.record(z.string(), z.object({ bytes: z.int(), sha256: z.string() })),
})

export type Manifest = z.infer<typeof Manifest>
export type FileChecksums = Manifest['files']

export const manifestFile = (backup: string): string => join(backup, 'manifest.json')
/** Path of the data in a backup. It is not the top level, so that `up` does not take a backup for a data directory. */
export const dataOf = (backup: string): string => join(backup, 'data')

/** Reads a backup's manifest. @throws UserError if the directory is not a backup, or of an unknown format */
export function readManifest(backup: string): Manifest {
  const text = readIfThere(manifestFile(backup))
  if (text === undefined) throw new UserError(`${backup} is not a backup of tidemark: it has no manifest.json.`)
  try {
    return Manifest.parse(JSON.parse(text))
  } catch {
    throw new UserError(`${manifestFile(backup)} cannot be read by this version of tidemark: use the one that made it.`)
  }
}

export interface GoodBackup extends KnownBackup {
  bytes: number
}

/**
 * Returns true if the manifest of a backup can be read, and each of its files is there with its size. Only `restore`
 * compares contents.
 */
export const isWhole = async (backup: KnownBackup): Promise<boolean> => (await bytesIfWhole(backup)) !== undefined

/**
 * Returns the newest known backup of a data directory that is whole, of those that `chosen` accepts; undefined if there is none. Reads the
 * sizes of all files of one backup. A backup with a time after `nowMs` does not count.
 * @throws UserError if the list of backups cannot be read
 */
export async function lastGoodBackup(
  dataDir: string,
  chosen: (backup: KnownBackup) => boolean = () => true,
  nowMs = Date.now(),
): Promise<GoodBackup | undefined> {
  const newestFirst = knownBackups(dataDir)
    .filter((backup) => chosen(backup) && Date.parse(backup.at) <= nowMs)
    .toSorted((a, b) => Date.parse(b.at) - Date.parse(a.at))
  for (const backup of newestFirst) {
    const bytes = await bytesIfWhole(backup)
    if (bytes !== undefined) return { ...backup, bytes }
  }
  return undefined
}

async function bytesIfWhole({ id, path }: KnownBackup): Promise<number | undefined> {
  try {
    const manifest = readManifest(path)
    if (manifest.id !== id) return undefined
    let sum = 0
    for (const [name, { bytes }] of Object.entries(manifest.files)) {
      if ((await lstat(join(dataOf(path), name))).size !== bytes) return undefined
      sum += bytes
    }
    return sum
  } catch {
    return undefined
  }
}
