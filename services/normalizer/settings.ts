import { z } from 'zod'
import { scheduleSettings } from '#core/dataset-schedules.ts'
import { httpAddress, kafkaSettings, registrySettings, serviceSettings } from '#platform/process/config.ts'

export const normalizerSettings = {
  ...kafkaSettings,
  ...registrySettings,
  ...serviceSettings,
  ...scheduleSettings,
  /** Base URL of the simulator. If set, dead letters and parkings have the time of the simulator's clock. */
  SIMULATOR_URL: httpAddress.optional(),
  /** Consumer group. A group with a new name reads all of raw from the beginning, in parallel with production. */
  CONSUMER_GROUP: z
    .string()
    .regex(/^[\w.-]+$/, 'letters, digits and . _ -')
    .default('normalizer')
    .describe('consumer group of the normalizer'),
}
