import {
  acceptedAnswerSchema,
  deletionSchema,
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
import { acceptedAnswersTable, deletionsTable, pollsTable, replaysTable, seriesTable, slicesTable } from './tables.ts'

/** What provisioning makes of a topic, and what producers, consumers and the sink may rely on. */
export interface Topic {
  name: string
  /** What the record key is, in words. Keys are UTF-8 text. */
  key: string
  /** The Avro record of the value; null where the value is the original bytes of another topic's record. */
  record: RecordSchema | null
  /** Where the sink stores the records; absent where it stores none. */
  table?: TableTarget
  partitions: number
  /** Kafka topic settings. Retention stands here, and a source's own in its declaration; nowhere else. */
  config: Record<string, string>
  /** What would be lost if it were kept for a shorter time. Stands in docs/operations.md, too. */
  retentionImpact: string
}

/** For how many days a source's records are kept; for ever where it says nothing. */
export interface Retention {
  rawDays?: number
  timeseriesDays?: number
}

const dayMs = 24 * 60 * 60 * 1000
const mebibyte = 1024 * 1024
/** Deleted after so many days; without a number, never. */
const keptFor = (days?: number) => ({
  'cleanup.policy': 'delete',
  'retention.ms': days === undefined ? '-1' : `${Math.round(days * dayMs)}`,
  'retention.bytes': '-1',
})
const forEver = keptFor()

// The broker stores what it gets in this form, whatever codec a producer chose: one that subscribers can read.
const plain = { 'compression.type': 'uncompressed' }
const zstd = { 'compression.type': 'zstd' }

/** Polls, poll requests and the poller's memory have the same number of partitions: one poller owns partition n of all. */
export const pollPartitions = 4

/** What `polls` says of chunks of files in place of a host and a lane: no poller polls them. */
export const fileHost = 'files'
export const filesLane = 'files'

// The broker's clock: pollers on several machines compare these times.
const brokerTime = { 'message.timestamp.type': 'LogAppendTime' }

/** Every poll of every source: the log, which the sink reads. */
export const pollsTopic: Topic = pollsKeptFor()

/** The topic `polls`, kept for so many days; for ever without a number. */
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

const minuteMs = 60_000

/**
 * What the poller remembers. An owner reads all of it before it polls, so it must stay small: a segment is closed after
 * ten minutes, and cleaned when a tenth of the topic is newer than the last cleaning. The lag is the time that an owner
 * has to write again what a slow poller overwrote with older memory.
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

/** Windows somebody asked for. Never committed: a request is done when a poll came that its poller sent since it had read it. */
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

/** What was deleted for good, up to when. Whoever builds a store anew must read it first. */
export const deletionsTopic: Topic = {
  name: 'deletions',
  key: 'dataset',
  record: deletionSchema,
  table: deletionsTable,
  partitions: 1,
  config: { ...plain, ...forEver },
  retentionImpact: 'a store that is built anew stores deleted points again',
}

/** What is done again, by whom, why, and what came of it: one record a change of state. */
export const replaysTopic: Topic = {
  name: 'replays',
  key: 'id of the replay',
  record: replaySchema,
  table: replaysTable,
  partitions: 1,
  config: { ...plain, ...forEver },
  retentionImpact: 'who did history again, and why, is forgotten; the table keeps what it has',
}

/** The answers of a source, byte for byte. */
export const rawTopic = (source: string, { rawDays }: Retention = {}): Topic => ({
  name: `${source}.raw`,
  key: 'request identity',
  record: rawResponseSchema,
  partitions: 2,
  config: { ...zstd, ...keptFor(rawDays), 'max.message.bytes': `${8 * mebibyte}` },
  retentionImpact:
    'older answers cannot be replayed, rebuilt or explained any more: their points stay as the explode of their time read them',
})

/**
 * The slices of a source: what subscribers read. One partition: the slices of an answer stay together, and what they
 * cost the store falls with the size of the inserts, which a second partition halves. It carries over a million points/s.
 */
export const timeseriesTopic = (source: string, { timeseriesDays }: Retention = {}): Topic => ({
  name: `${source}.timeseries`,
  key: 'dataset and key, joined by a slash',
  record: timeseriesSliceSchema,
  table: slicesTable,
  partitions: 1,
  config: { ...plain, ...keptFor(timeseriesDays) },
  retentionImpact: 'a subscriber that is new, or was away for longer, misses the older slices, and so does a sink',
})

/** What each key of a source means; the newest record of a key counts. */
export const seriesTopic = (source: string): Topic => ({
  name: `${source}.series`,
  key: 'dataset and key, joined by a slash',
  record: seriesSchema,
  table: seriesTable,
  partitions: 1,
  config: { ...plain, 'cleanup.policy': 'compact', 'retention.ms': '-1' },
  retentionImpact: 'keys have no meaning in a store that is built anew, until an answer names them again',
})

/** The answers of a source that explode accepted, each after its slices: what a subscriber needs to see a withdrawal. */
export const answersTopic = (source: string, { timeseriesDays }: Retention = {}): Topic => ({
  name: `${source}.answers`,
  key: 'request identity',
  record: acceptedAnswerSchema,
  table: acceptedAnswersTable,
  partitions: 1,
  config: { ...plain, ...keptFor(timeseriesDays) },
  retentionImpact: 'a subscriber that is new, or was away for longer, does not learn what older answers withdrew',
})

/** A topic of a source's own, for records of one type besides slices. */
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

/** What was refused: the original bytes, and in the headers where they came from and why. Takes more than any other. */
export const deadLetterTopic = (source: string): Topic => ({
  name: `${source}.dlq`,
  key: 'the key of the refused record',
  record: null,
  partitions: 1,
  config: { ...zstd, ...forEver, 'max.message.bytes': `${16 * mebibyte}` },
  retentionImpact: 'what was refused before cannot be looked at or sent again',
})

/** Where records of no source end that were refused: polls that the sink cannot read, and the like. */
export const platformDeadLetterTopic: Topic = { ...deadLetterTopic('tidemark'), name: 'tidemark.dlq' }

/** Which datasets are parked, for every normalizer; the newest record of a dataset counts. */
export const parkingTopic: Topic = {
  name: 'parking',
  key: 'dataset',
  record: parkingSchema,
  partitions: 1,
  config: { ...plain, ...brokerTime, 'cleanup.policy': 'compact', 'retention.ms': '-1' },
  retentionImpact: 'a parked dataset is released without anybody having mended it',
}

/** The topics that every source has. Those of its own come besides: core/source-topics.ts. */
export function sourceTopics(source: string, retention?: Retention): Topic[] {
  return [
    rawTopic(source, retention),
    timeseriesTopic(source, retention),
    answersTopic(source, retention),
    seriesTopic(source),
    deadLetterTopic(source),
  ]
}

/** The topics that exist once. */
export const platformTopics: Topic[] = [
  pollsTopic,
  pollerMemoryTopic,
  pollRequestsTopic,
  deletionsTopic,
  replaysTopic,
  parkingTopic,
  platformDeadLetterTopic,
]
