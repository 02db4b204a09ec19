import { alertTopics } from './alert-topics.ts'
import { apiTokensTopic, apiUsageTopic, auditTopic } from './api-topics.ts'
import {
  completenessTopic,
  expectedWindowsTopic,
  qualityFindingsTopic,
  scheduleLogTopic,
} from './completeness-topics.ts'
import { deadLetterRecordsTable } from './dead-letter-record.ts'
import {
  acceptedAnswerSchema,
  deletionSchema,
  hostLogSchema,
  parkingSchema,
  pollerMemorySchema,
  pollRequestSchema,
  pollSchema,
  rawResponseSchema,
  replaySchema,
  seriesSchema,
  timeseriesSliceSchema,
} from './generated/records.ts'
import type { RecordSchema, TableTarget } from './record-schema.ts'
import {
  acceptedAnswersTable,
  deletionsTable,
  hostLogTable,
  parkingLogTable,
  pollsTable,
  replaysTable,
  seriesTable,
  slicesTable,
} from './tables.ts'
import { brokerTime, dayMs, forEver, keptFor, mebibyte, plain, type Retention, type Topic, zstd } from './topic.ts'

export type { Retention, Topic } from './topic.ts'

/** Number of partitions of polls, poll-requests and poller-memory. A host has the same partition in all of them. */
export const pollPartitions = 4

/** Values of the fields `host` and `lane` in the `polls` records of file chunks, which are ingested and not polled. */
export const fileHost = 'files'
export const filesLane = 'files'

export const pollsTopic: Topic = pollsKeptFor()

export function pollsKeptFor(days?: number): Topic {
  return {
    name: 'polls',
    key: 'request identity',
    record: pollSchema,
    table: pollsTable,
    partitions: pollPartitions,
    config: { ...plain, ...brokerTime, ...keptFor(days) },
    retentionImpact:
      'a store that is built anew lacks older polls: what was late or failed is forgotten, and ingested files are sent again',
  }
}

export const hostLogTopic: Topic = hostLogKeptFor()

/** What the owner of each host does about it, once a minute. It is kept for as long as the polls. */
export function hostLogKeptFor(days?: number): Topic {
  return {
    name: 'host-log',
    key: 'host',
    record: hostLogSchema,
    table: hostLogTable,
    partitions: 1,
    config: { ...plain, ...brokerTime, ...keptFor(days) },
    retentionImpact:
      'a store that is built anew does not know who polled a host before, and whether a late answer was late because of us',
  }
}

const minuteMs = 60_000

/**
 * The poller's memory. A new owner reads the whole topic before it polls, so compaction keeps the topic small. A slow
 * poller may write an older record after a newer one of the same key. Compaction would then delete the newer one. It
 * leaves records of the last 5 minutes alone, so that the owner has time to write the newer one again.
 */
export const pollerMemoryTopic: Topic = {
  name: 'poller-memory',
  key: 'request identity, or host/ and the host',
  record: pollerMemorySchema,
  partitions: pollPartitions,
  config: {
    ...plain,
    ...brokerTime,
    'cleanup.policy': 'compact',
    'retention.ms': '-1',
    'segment.ms': `${10 * minuteMs}`,
    'segment.bytes': `${64 * mebibyte}`,
    'min.cleanable.dirty.ratio': '0.1',
    'min.compaction.lag.ms': `${5 * minuteMs}`,
  },
  retentionImpact:
    'the poller forgets what it holds: it fetches windows again, and a late answer may be known before an earlier one',
}

/** Requests to poll a window or lift a pause. Pollers commit no offsets: core/requests.ts finds the open requests. */
export const pollRequestsTopic: Topic = {
  name: 'poll-requests',
  key: 'request identity',
  record: pollRequestSchema,
  partitions: pollPartitions,
  config: {
    ...plain,
    ...brokerTime,
    'cleanup.policy': 'delete',
    'retention.ms': `${dayMs}`,
    'segment.ms': `${dayMs / 24}`,
  },
  retentionImpact: 'requests that wait for longer than that, behind a large backfill, are forgotten',
}

/** Permanent deletions of a dataset's points before a time. A store that is built anew must read them first. */
export const deletionsTopic: Topic = {
  name: 'deletions',
  key: 'dataset',
  record: deletionSchema,
  table: deletionsTable,
  partitions: 1,
  config: { ...plain, ...forEver },
  retentionImpact: 'a store that is built anew stores deleted points again',
}

export const replaysTopic: Topic = {
  name: 'replays',
  key: 'id of the replay',
  record: replaySchema,
  table: replaysTable,
  partitions: 1,
  config: { ...plain, ...forEver },
  retentionImpact: 'who did history again, and why, is forgotten; the table keeps what it has',
}

export const rawTopic = (source: string, { rawDays }: Retention = {}): Topic => ({
  name: `${source}.raw`,
  key: 'request identity',
  record: rawResponseSchema,
  partitions: 2,
  keepsPartitions: true,
  config: { ...zstd, ...keptFor(rawDays), 'max.message.bytes': `${8 * mebibyte}` },
  retentionImpact:
    'older answers cannot be replayed, rebuilt or explained any more: their points stay as the explode of their time read them',
})

/**
 * The slices of a source. If nothing else is set there is one partition: the slices of an answer then stay together, and
 * inserts are large, which is cheaper for the store. With more, several sinks share a source.
 */
export const timeseriesTopic = (source: string, { timeseriesDays }: Retention = {}): Topic => ({
  name: `${source}.timeseries`,
  key: 'dataset and key, joined by a slash',
  record: timeseriesSliceSchema,
  table: slicesTable,
  partitions: 1,
  keepsPartitions: true,
  config: { ...plain, ...keptFor(timeseriesDays) },
  retentionImpact: 'a subscriber that is new, or was away for longer, misses the older slices, and so does a sink',
})

/** What each key of a source means: unit and labels. Only the newest record of a key is valid. */
export const seriesTopic = (source: string): Topic => ({
  name: `${source}.series`,
  key: 'dataset and key, joined by a slash',
  record: seriesSchema,
  table: seriesTable,
  partitions: 1,
  config: { ...plain, 'cleanup.policy': 'compact', 'retention.ms': '-1' },
  retentionImpact: 'keys have no meaning in a store that is built anew, until an answer names them again',
})

/** The accepted answers of a source, each written after its slices. Subscribers need them to see withdrawn points. */
export const answersTopic = (source: string, { timeseriesDays }: Retention = {}): Topic => ({
  name: `${source}.answers`,
  key: 'request identity',
  record: acceptedAnswerSchema,
  table: acceptedAnswersTable,
  partitions: 1,
  config: { ...plain, ...keptFor(timeseriesDays) },
  retentionImpact: 'a subscriber that is new, or was away for longer, does not learn what older answers withdrew',
})

export const ownTopic = (
  source: string,
  own: { suffix: string; record: RecordSchema; table?: TableTarget; key: string; retentionImpact: string },
  { timeseriesDays }: Retention = {},
): Topic => ({
  name: `${source}.${own.suffix}`,
  key: own.key,
  record: own.record,
  ...(own.table && { table: own.table }),
  partitions: 1,
  config: { ...plain, ...keptFor(timeseriesDays), 'max.message.bytes': `${8 * mebibyte}` },
  retentionImpact: own.retentionImpact,
})

/** The dead letters of a source: the original bytes of refused records, with origin and reason in the headers. */
export const deadLetterTopic = (source: string): Topic => ({
  name: `${source}.dlq`,
  key: 'the key of the refused record',
  record: null,
  table: deadLetterRecordsTable,
  partitions: 1,
  config: { ...zstd, ...forEver, 'max.message.bytes': `${16 * mebibyte}` },
  retentionImpact: 'what was refused before cannot be looked at or sent again',
})

export const platformDeadLetterTopic: Topic = { ...deadLetterTopic('tidemark'), name: 'tidemark.dlq' }

/**
 * The parked datasets. All normalizers read this topic. Only the newest record of a dataset is valid. Compaction leaves
 * records of the last 30 days alone, so that a sink that was away for so long still stores when each dataset was parked.
 */
export const parkingTopic: Topic = {
  name: 'parking',
  key: 'dataset',
  record: parkingSchema,
  table: parkingLogTable,
  partitions: 1,
  config: {
    ...plain,
    ...brokerTime,
    'cleanup.policy': 'compact',
    'retention.ms': '-1',
    'min.compaction.lag.ms': `${30 * dayMs}`,
  },
  retentionImpact: 'a parked dataset is released without anybody having mended it',
}

/** Returns the topics that every source has. core/source-topics.ts adds the topics of the source's own records. */
export function sourceTopics(source: string, retention?: Retention): Topic[] {
  return [
    rawTopic(source, retention),
    timeseriesTopic(source, retention),
    answersTopic(source, retention),
    seriesTopic(source),
    deadLetterTopic(source),
  ]
}

export const platformTopics: Topic[] = [
  pollsTopic,
  hostLogTopic,
  pollerMemoryTopic,
  pollRequestsTopic,
  deletionsTopic,
  replaysTopic,
  parkingTopic,
  expectedWindowsTopic,
  scheduleLogTopic,
  completenessTopic,
  qualityFindingsTopic,
  apiTokensTopic,
  auditTopic,
  apiUsageTopic,
  ...alertTopics,
  platformDeadLetterTopic,
]
