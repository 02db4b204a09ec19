import { z } from 'zod'
import { kafkaSettings, readServiceConfig, registrySettings, serviceSettings } from '#platform/process/config.ts'
import { version } from '#platform/process/version.ts'
import { datasetList, datasetsOffSetting } from '#transform/datasets-off.ts'
import type { DueSettings } from './due.ts'
import { allSourceSettings, httpAddress, readSourceSettings, type SourceSettings } from './source-settings.ts'

/** All that the poller takes from its environment, besides what sources declare. */
export const pollerSettings = {
  ...kafkaSettings,
  ...registrySettings,
  ...serviceSettings,
  ...datasetsOffSetting,
  /** Datasets that are looked for unasked, and their past month fetched, though they are declared otherwise. */
  DATASETS_ON: datasetList(),
  /** What the answers are marked with. */
  ORIGIN: z.enum(['live', 'simulated']).default('live'),
  /** When set, the poller's clock is the simulator's. */
  SIMULATOR_URL: httpAddress.optional(),
  /** Business days before today that are fetched without being asked for; 0: none. */
  BACKFILL_DAYS: z.coerce.number().int().min(0).max(3_660).default(30),
  /** Windows of the last so many days are looked at again every hour, for revisions. */
  REVISIT_HOURLY_DAYS: z.coerce.number().int().min(0).max(366).default(3),
  /** And of the last so many days every day. */
  REVISIT_DAILY_DAYS: z.coerce.number().int().min(0).max(3_660).default(30),
  /** How upstream can reach whoever runs this: an address that goes into the User-Agent. */
  CONTACT: z
    .string()
    .regex(/^[\x21-\x7e]+$/, 'printable ASCII without spaces: a mail or web address')
    .optional(),
  /** Without a heartbeat for so long, ms, another poller takes over. */
  SESSION_TIMEOUT_MS: z.coerce.number().int().min(6_000).max(300_000).default(10_000),
}

export type PollerConfig = Readonly<z.infer<z.ZodObject<typeof pollerSettings>>>

/** Reads all settings from the environment; ends the process, naming every one that does not fit. */
export function readPollerConfig(): { config: PollerConfig; sourceSettings: SourceSettings } {
  const config = readServiceConfig({ ...allSourceSettings, ...pollerSettings }) as PollerConfig
  return { config, sourceSettings: readSourceSettings() }
}

export function dueSettings(config: PollerConfig): DueSettings {
  return {
    backfillDays: config.BACKFILL_DAYS,
    revisitHourlyDays: config.REVISIT_HOURLY_DAYS,
    revisitDailyDays: config.REVISIT_DAILY_DAYS,
  }
}

/** Who we are to upstream: tidemark/0.1.0 (+https://example.org/contact). */
export function userAgent(config: PollerConfig): string {
  return `tidemark/${version}${config.CONTACT === undefined ? '' : ` (+${config.CONTACT})`}`
}
