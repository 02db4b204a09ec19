import { lastGoodBackup } from '#core/known-backups.ts'
import type { Logger } from '#platform/process/log.ts'
import { type Loop, startLoop } from './loop.ts'
import type { MonitorMetrics } from './metrics.ts'
import type { MonitorConfig } from './settings.ts'

/** Real ms between two looks at the backups. */
const everyMs = 15_000

/** Looks every 15 s which backup is the last good one, and shows it. Shows nothing if no data directory is set. */
export function startBackupWatch(
  { BACKUPS_OF: dataDir, BACKUP_EVERY_H: everyH }: Pick<MonitorConfig, 'BACKUPS_OF' | 'BACKUP_EVERY_H'>,
  metrics: Pick<MonitorMetrics, 'showBackup'>,
  log: Pick<Logger, 'warn'>,
): Loop {
  if (dataDir === undefined) return { stop: async () => {} }
  const intervalS = everyH * 3_600
  return startLoop(everyMs, async () => {
    try {
      const last = await lastGoodBackup(dataDir)
      metrics.showBackup(last ? Date.parse(last.at) : 0, intervalS)
    } catch (error) {
      metrics.showBackup(undefined, intervalS)
      log.warn({ err: error, dataDir }, 'nobody knows when the last good backup was made: looking again')
    }
  })
}
