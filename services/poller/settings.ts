import { z } from 'zod'
import { scheduleSettings } from '#core/dataset-schedules.ts'
import { type Host, hostsOf } from '#core/hosts.ts'
import { allSourceSettings, readSourceSettings, type SourceSettings } from '#core/source-settings.ts'
import {
  kafkaSettings,
  readConfig,
  readServiceConfig,
  registrySettings,
  serviceSettings,
} from '#platform/process/config.ts'
import { version } from '#platform/process/version.ts'
import { sources } from '#sources/index.ts'
import type { DueSettings } from './due.ts'

export const pollerSettings = {
  ...kafkaSettings,
  ...registrySettings,
  ...serviceSettings,
  ...scheduleSettings,
  ORIGIN: z.enum(['live', 'simulated']).default('live'),
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

export const allPollerSettings = { ...allSourceSettings, ...pollerSettings }

export type PollerConfig = Readonly<z.infer<z.ZodObject<typeof pollerSettings>>>

export function readPollerConfig(): { config: PollerConfig; sourceSettings: SourceSettings } {
  const config = readServiceConfig(allPollerSettings) as PollerConfig
  return { config, sourceSettings: readSourceSettings() }
}

/** Checks all settings of the poller. @throws ConfigError if a setting is invalid, or hostsToPoll() throws */
export function checkPollerSettings(environment: NodeJS.ProcessEnv): void {
  const config = readConfig(allPollerSettings, environment) as PollerConfig
  hostsToPoll(config, readSourceSettings(environment))
}

/** Returns the hosts to poll. @throws ConfigError if a host's ticks need more requests than its budget allows */
export const hostsToPoll = (config: PollerConfig, sourceSettings: SourceSettings): Host[] =>
  hostsOf(sources, sourceSettings, config.DATASET_SCHEDULES)

export function dueSettings(config: PollerConfig): DueSettings {
  return {
    backfillDays: config.BACKFILL_DAYS,
    revisitHourlyDays: config.REVISIT_HOURLY_DAYS,
    revisitDailyDays: config.REVISIT_DAILY_DAYS,
  }
}

/** Returns the User-Agent header, for example `tidemark/0.1.0 (+https://example.org/contact)`. */
export function userAgent(config: PollerConfig): string {
  return `tidemark/${version}${config.CONTACT === undefined ? '' : ` (+${config.CONTACT})`}`
}
