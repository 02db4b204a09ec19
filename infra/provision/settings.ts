import { z } from 'zod'
import { datasetsOffSetting } from '#core/datasets-off.ts'
import { connectionSettings, serviceSettings } from '#platform/process/config.ts'

/** All that provisioning takes from its environment. */
export const provisionSettings = {
  ...connectionSettings,
  LOG_LEVEL: serviceSettings.LOG_LEVEL,
  ...datasetsOffSetting,
  KAFKA_REPLICATION_FACTOR: z.coerce.number().int().min(1).default(1).describe('copies of each topic'),
  /** For ever when it is not set. */
  POLLS_DAYS: z.coerce
    .number()
    .positive()
    .max(36_500)
    .optional()
    .describe('for how many days Kafka keeps the log of polls'),
  /** What was deleted, as `tidemark delete` notes it in a data directory: carried out where this stack does not know of it. */
  DELETIONS_FILE: z.string().optional(),
}
