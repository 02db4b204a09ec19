// The topics that say what was expected, how it was collected, what became of it, and what is odd about it.
import {
  completenessChangesTable,
  expectedWindowsTable,
  qualityFindingsTable,
  scheduleLogTable,
} from './completeness-tables.ts'
import {
  completenessChangeSchema,
  datasetScheduleSchema,
  expectedWindowSchema,
  qualityFindingSchema,
} from './generated/records.ts'
import { forEver, plain, type Topic } from './topic.ts'

/** By when each window is expected. Written by provisioning and the monitor, never by the poller. */
export const expectedWindowsTopic: Topic = {
  name: 'expected-windows',
  key: 'request identity',
  record: expectedWindowSchema,
  table: expectedWindowsTable,
  partitions: 1,
  config: { ...plain, ...forEver },
  retentionImpact: 'a store that is built anew does not know which windows of the past were expected',
}

/** How each dataset is collected: its schedule, selectors and host. A record is written when something changed. */
export const scheduleLogTopic: Topic = {
  name: 'schedule-log',
  key: 'dataset',
  record: datasetScheduleSchema,
  table: scheduleLogTable,
  partitions: 1,
  config: { ...plain, ...forEver },
  retentionImpact: 'a store that is built anew does not know what was collected in the past',
}

/** The changes of the windows' classes, as the monitor saw them. */
export const completenessTopic: Topic = {
  name: 'completeness',
  key: 'request identity',
  record: completenessChangeSchema,
  table: completenessChangesTable,
  partitions: 1,
  config: { ...plain, ...forEver },
  retentionImpact: 'a subscriber that is new, or was away for longer, misses older changes',
}

/** What the checks across answers found. Only the newest record of a finding is valid. */
export const qualityFindingsTopic: Topic = {
  name: 'quality-findings',
  key: 'dataset, check, key and first instant, joined by a slash',
  record: qualityFindingSchema,
  table: qualityFindingsTable,
  partitions: 1,
  config: { ...plain, 'cleanup.policy': 'compact', 'retention.ms': '-1' },
  retentionImpact: 'a store that is built anew does not know what was found before the past month',
}
