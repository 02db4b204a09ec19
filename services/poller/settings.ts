import { z } from 'zod'
import { datasetList, datasetsOffSetting } from '#core/datasets-off.ts'
import {
  httpAddress,
  kafkaSettings,
  readConfig,
  readServiceConfig,
  registrySettings,
  serviceSettings,
} from '#platform/process/config.ts'
import { version } from '#platform/process/version.ts'
import { sources } from '#sources/index.ts'
import type { DueSettings } from './due.ts'
import { type Host, hostsOf } from './hosts.ts'
import { allSourceSettings, readSourceSettings, type SourceSettings } from './source-settings.ts'

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
  BACKFILL_DAYS: z.coerce
    .number()
    .int()
    .min(0)
    .max(3_660)
    .default(30)
    .describe('business days before today that are fetched unasked'),
  REVISIT_HOURLY_DAYS: z.coerce
    .number()
    .int()
    .min(0)
    .max(366)
    .default(3)
    .describe('of how many of the last days revisions are looked for every hour'),
  REVISIT_DAILY_DAYS: z.coerce
    .number()
    .int()
    .min(0)
    .max(3_660)
    .default(30)
    .describe('of how many of the last days revisions are looked for every day'),
  CONTACT: z
    .string()
    .regex(/^[\x21-\x7e]+$/, 'printable ASCII without spaces: a mail or web address')
    .optional()
    .describe('how upstream can reach you: it goes into the User-Agent'),
  SESSION_TIMEOUT_MS: z.coerce
    .number()
    .int()
    .min(6_000)
    .max(300_000)
    .default(10_000)
    .describe('ms without a heartbeat until another poller takes over'),
}

/** And with what sources declare. */
export const allPollerSettings = { ...allSourceSettings, ...pollerSettings }

export type PollerConfig = Readonly<z.infer<z.ZodObject<typeof pollerSettings>>>

/** Reads all settings from the environment; ends the process, naming every one that does not fit. */
export function readPollerConfig(): { config: PollerConfig; sourceSettings: SourceSettings } {
  const config = readServiceConfig(allPollerSettings) as PollerConfig
  return { config, sourceSettings: readSourceSettings() }
}

/**
 * Checks what the poller would read from an environment, also whether its hosts allow as many ticks as are wanted.
 * @throws ConfigError when it does not fit
 */
export function checkPollerSettings(environment: NodeJS.ProcessEnv): void {
  const config = readConfig(allPollerSettings, environment) as PollerConfig
  hostsToPoll(config, readSourceSettings(environment))
}

/** The hosts of all datasets. @throws ConfigError when more ticks are wanted than a host allows */
export const hostsToPoll = (config: PollerConfig, sourceSettings: SourceSettings): Host[] =>
  hostsOf(sources, sourceSettings, { off: config.DATASETS_OFF, on: config.DATASETS_ON })

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
