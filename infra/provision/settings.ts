import { z } from 'zod'
import { scheduleSettings } from '#core/dataset-schedules.ts'
import { allSourceSettings } from '#core/source-settings.ts'
import { connectionSettings, httpAddress, serviceSettings } from '#platform/process/config.ts'

/** A topic that is there keeps its partitions, because the order of the records of a key would break. */
const newPartitions = () => z.coerce.number().int().min(1).max(64).optional()

export const provisionSettings = {
  ...allSourceSettings,
  ...connectionSettings,
  LOG_LEVEL: serviceSettings.LOG_LEVEL,
  ...scheduleSettings,
  KAFKA_REPLICATION_FACTOR: z.coerce.number().int().min(1).default(1).describe('copies of each topic'),
  RAW_PARTITIONS: newPartitions().describe('partitions of each `<source>.raw` that is made: normalizers share them'),
  TIMESERIES_PARTITIONS: newPartitions().describe(
    'partitions of each `<source>.timeseries` that is made: sinks share them',
  ),
  /** Retention of topic `polls`, days; default: unlimited. */
  POLLS_DAYS: z.coerce
    .number()
    .positive()
    .max(36_500)
    .optional()
    .describe('for how many days Kafka keeps the log of polls'),
  /** Base URL of the simulator. If set, what is expected is declared by the simulator's clock. */
  SIMULATOR_URL: httpAddress.optional(),
  /** Path of deletions.jsonl, where `delete` notes deletions. Provisioning applies those that the stack lacks. */
  DELETIONS_FILE: z.string().optional(),
}
