import { rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { z } from 'zod'
import { backupInterval, type GoodBackup, type KnownBackup, lastGoodBackup } from '#core/known-backups.ts'
import { ConfigError, readConfig } from '#platform/process/config.ts'
import { readIfThere } from '#platform/process/read-if-there.ts'
import { backoffMs, pause } from '#platform/process/retry.ts'
import type { DataDirectory } from './data-directory.ts'
import { runNodeJob } from './node-part.ts'
import { externalParts } from './plan.ts'
import { replaceFile } from './replace-file.ts'

export const backupSettings = {
  BACKUP_DIRECTORY: z.string().optional().describe('where the running stack makes backups by itself'),
  ...backupInterval,
  BACKUP_KEEP: z.coerce.number().int().min(1).max(1_000).default(7).describe('how many backups are kept'),
}

export interface BackupPlan {
  directory: string
  everyH: number
  keep: number
}

/** Returns the schedule of backups; undefined if BACKUP_DIRECTORY is not set. @throws ConfigError */
export function backupPlan(environment: NodeJS.ProcessEnv): BackupPlan | undefined {
  const { BACKUP_DIRECTORY, BACKUP_EVERY_H, BACKUP_KEEP } = readConfig(backupSettings, environment)
  const refuse = (problem: string): never => {
    throw new ConfigError(`Settings do not fit (environment variables):\n  ${problem}`)
  }
  if (BACKUP_DIRECTORY === undefined) {
    const lone = ['BACKUP_EVERY_H', 'BACKUP_KEEP'].find((name) => environment[name])
    return lone ? refuse(`${lone} is set and BACKUP_DIRECTORY is not; without it no backups are made`) : undefined
  }
  if (Object.values(externalParts(environment)).some(Boolean))
    refuse('BACKUP_DIRECTORY is set, and a part of the stack is elsewhere; docs/operations.md says how to back that up')
  return { directory: resolve(BACKUP_DIRECTORY), everyH: BACKUP_EVERY_H, keep: BACKUP_KEEP }
}

/** Returns true if the stack in `dataDir` made the backup by itself, in the directory of the schedule. */
export const isScheduled = (dataDir: string, { directory }: BackupPlan, { path, scheduledBy }: KnownBackup): boolean =>
  scheduledBy === dataDir && dirname(path) === directory

/** Returns when the next backup is due, ms UTC: by the last good one on disk, and at once without one. */
export async function nextBackupMs(dataDir: string, plan: BackupPlan, nowMs = Date.now()): Promise<number> {
  const last = await lastGoodBackup(dataDir, (backup) => isScheduled(dataDir, plan, backup), nowMs)
  return last === undefined ? nowMs : Date.parse(last.at) + hoursMs(plan.everyH)
}

const hoursMs = (hours: number): number => hours * 3_600_000

const BackupFailure = z.object({ at: z.string(), error: z.string() })
export type BackupFailure = z.infer<typeof BackupFailure>

const failureFile = (dataDir: string): string => join(dataDir, 'backup-failure.json')

/** Remembers why the last scheduled backup failed; undefined: it did not fail. */
export function recordBackupFailure(dataDir: string, failure: BackupFailure | undefined): void {
  if (failure === undefined) rmSync(failureFile(dataDir), { force: true })
  else replaceFile(failureFile(dataDir), `${JSON.stringify(failure)}\n`)
}

function lastFailure(dataDir: string): BackupFailure | undefined {
  const text = readIfThere(failureFile(dataDir))
  return text === undefined ? undefined : BackupFailure.parse(JSON.parse(text))
}

export interface BackupStatus {
  /** The newest backup that is whole, by schedule or by hand. */
  last: Pick<GoodBackup, 'at' | 'path' | 'bytes'> | null
  /** Null if the stack makes no backups by itself. */
  schedule: (BackupPlan & { nextAt: string }) | null
  /** Null unless the last scheduled backup failed. */
  lastFailure: BackupFailure | null
}

/** @throws UserError if the list of backups cannot be read */
export async function backupStatus(dataDir: string, plan: BackupPlan | undefined): Promise<BackupStatus> {
  const last = await lastGoodBackup(dataDir)
  return {
    last: last ? { at: last.at, path: last.path, bytes: last.bytes } : null,
    schedule: plan ? { ...plan, nextAt: new Date(await nextBackupMs(dataDir, plan)).toISOString() } : null,
    lastFailure: (plan && lastFailure(dataDir)) ?? null,
  }
}

const retry = { firstMs: 60_000, maxMs: 3_600_000 }

/**
 * Makes backups of the stack that this process runs, by the plan, until `signal` aborts. A failed one is told and tried
 * again after a minute, later after an hour. Never rejects.
 */
export async function keepBackups(
  directory: DataDirectory,
  plan: BackupPlan,
  environment: NodeJS.ProcessEnv,
  tell: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const everyMs = hoursMs(plan.everyH)
  const backoff = { firstMs: Math.min(retry.firstMs, everyMs), maxMs: Math.min(retry.maxMs, everyMs) }
  let notBeforeMs = 0
  for (let failures = 0; ; ) {
    await pauseUntil(Math.max(await dueMs(directory.path, plan), notBeforeMs), signal)
    if (signal.aborted) return
    const outcome = await makeBackup(directory, environment, signal)
    if (signal.aborted) return
    failures = 'error' in outcome ? failures + 1 : 0
    const waitMs = backoffMs(backoff, Math.max(failures, 1))
    notBeforeMs = Date.now() + waitMs
    if ('made' in outcome) tell(`✔ backup ${outcome.made}`)
    else tell(`✘ backup failed, trying again in ${Math.ceil(waitMs / 1000)} s; ${outcome.error}`)
  }
}

/** Waits in short steps, because timers stop while a machine sleeps, and the clock may be set. */
async function pauseUntil(untilMs: number, signal: AbortSignal): Promise<void> {
  while (Date.now() < untilMs && !signal.aborted) await pause(Math.min(untilMs - Date.now(), 60_000), signal)
}

async function dueMs(dataDir: string, plan: BackupPlan): Promise<number> {
  try {
    return await nextBackupMs(dataDir, plan)
  } catch {
    // The backup itself fails of it, and says why.
    return 0
  }
}

/** Makes a backup in a process of its own. Returns what was made, or why it failed. */
async function makeBackup(
  directory: DataDirectory,
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<{ made: string } | { error: string }> {
  const beganMs = Date.now()
  const job = { name: 'backup', title: 'The backup', main: 'local/scheduled-backup.ts', environment }
  try {
    await runNodeJob(directory, job, () => undefined)
    const last = await lastGoodBackup(directory.path)
    return { made: last ? `${mebibytes(last.bytes)} in ${last.path}` : 'is not there any more' }
  } catch (error) {
    const reason = (error as Error).message.split('\n')[0] ?? ''
    return { error: signal.aborted ? reason : recordedReason(directory.path, beganMs, reason) }
  }
}

/** Returns the reason that the backup recorded itself. If it could not, because it was killed, records `otherwise`. */
function recordedReason(dataDir: string, beganMs: number, otherwise: string): string {
  try {
    const failure = lastFailure(dataDir)
    if (failure !== undefined && Date.parse(failure.at) >= beganMs) return failure.error
    recordBackupFailure(dataDir, { at: new Date().toISOString(), error: otherwise })
    return otherwise
  } catch (error) {
    return `${otherwise} (${(error as Error).message})`
  }
}

export const mebibytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`
