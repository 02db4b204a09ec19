import { z } from 'zod'
import { datasetsOffSetting } from '#core/datasets-off.ts'
import { kafkaSettings, registrySettings, serviceSettings } from '#platform/process/config.ts'

/** All that the normalizer takes from its environment. */
export const normalizerSettings = {
  ...kafkaSettings,
  ...registrySettings,
  ...serviceSettings,
  ...datasetsOffSetting,
  /** A group of another name reads all of raw from its beginning, beside the one that is live. */
  CONSUMER_GROUP: z
    .string()
    .regex(/^[\w.-]+$/, 'letters, digits and . _ -')
    .default('normalizer')
    .describe('consumer group of the normalizer'),
}
