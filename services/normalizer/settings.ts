import { z } from 'zod'
import { scheduleSettings } from '#core/dataset-schedules.ts'
import { kafkaSettings, registrySettings, serviceSettings } from '#platform/process/config.ts'

export const normalizerSettings = {
  ...kafkaSettings,
  ...registrySettings,
  ...serviceSettings,
  ...scheduleSettings,
  /** Consumer group. A group with a new name reads all of raw from the beginning, in parallel with production. */
  CONSUMER_GROUP: z
    .string()
    .regex(/^[\w.-]+$/, 'letters, digits and . _ -')
    .default('normalizer')
    .describe('consumer group of the normalizer'),
}
