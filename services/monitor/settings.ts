import { z } from 'zod'
import { scheduleSettings } from '#core/dataset-schedules.ts'
import { type Host, hostsOf } from '#core/hosts.ts'
import { backupInterval } from '#core/known-backups.ts'
import { allSourceSettings, readSourceSettings } from '#core/source-settings.ts'
import { connectionSettings, readServiceConfig, serviceSettings } from '#platform/process/config.ts'
import { sources } from '#sources/index.ts'

export const monitorSettings = {
  ...connectionSettings,
  ...serviceSettings,
  ...scheduleSettings,
  BACKUPS_OF: z.string().optional().describe('the data directory whose last good backup is watched'),
  ...backupInterval,
}

export type MonitorConfig = Readonly<z.infer<z.ZodObject<typeof monitorSettings>>>

/** Reads the settings, and what they make of the declarations. Exits with code 2 if a setting is invalid. */
export function readMonitorConfig(): { config: MonitorConfig; hosts: Host[] } {
  const config = readServiceConfig({ ...allSourceSettings, ...monitorSettings }) as MonitorConfig
  return { config, hosts: hostsOf(sources, readSourceSettings(), config.DATASET_SCHEDULES) }
}
