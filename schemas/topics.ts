import type { RecordName } from './generated/records.ts'

/** What provisioning makes of a topic, and what producers, consumers and the sink may rely on. */
export interface Topic {
  name: string
  /** What the record key is, in words. Keys are UTF-8 text. */
  key: string
  /** The Avro record of the value; null where the value is the original bytes of another topic's record. */
  record: RecordName | null
  partitions: number
  /** Kafka topic settings. Retention stands here and nowhere else. */
  config: Record<string, string>
}

const dayMs = 24 * 60 * 60 * 1000
const mebibyte = 1024 * 1024
const forEver = { 'cleanup.policy': 'delete', 'retention.ms': '-1', 'retention.bytes': '-1' }

// The broker stores what it gets in this form, whatever codec a producer chose: ours cannot read snappy and lz4.
const plain = { 'compression.type': 'uncompressed' }
const zstd = { 'compression.type': 'zstd' }

/** Polls and poll requests must have the same number of partitions: one poller owns partition n of both. */
export const pollPartitions = 4

// The broker's clock: pollers on several machines compare these times.
const brokerTime = { 'message.timestamp.type': 'LogAppendTime' }

/** Every poll of every source; the poller's memory. Compacted only after days, so that the sink sees every record. */
export const pollsTopic: Topic = {
  name: 'polls',
  key: 'request identity',
  record: 'Poll',
  partitions: pollPartitions,
  config: {
    ...plain,
    ...brokerTime,
    'cleanup.policy': 'compact',
    'min.compaction.lag.ms': `${7 * dayMs}`,
    'retention.ms': '-1',
  },
}

/** Windows somebody asked for. Never committed: a request is done when polls shows its window polled since. */
export const pollRequestsTopic: Topic = {
  name: 'poll-requests',
  key: 'request identity',
  record: 'PollRequest',
  partitions: pollPartitions,
  config: {
    ...plain,
    ...brokerTime,
    'cleanup.policy': 'delete',
    'retention.ms': `${dayMs}`,
    'segment.ms': `${dayMs / 24}`,
  },
}

/** The answers of a source, byte for byte. */
export const rawTopic = (source: string, retentionMs?: number): Topic => ({
  name: `${source}.raw`,
  key: 'request identity',
  record: 'RawResponse',
  partitions: 2,
  config: { ...zstd, ...forEver, 'retention.ms': `${retentionMs ?? -1}`, 'max.message.bytes': `${8 * mebibyte}` },
})

/**
 * The slices of a source: what subscribers read. One partition: the slices of an answer stay together, and what they
 * cost the store falls with the size of the inserts, which a second partition halves. It carries over a million points/s.
 */
export const timeseriesTopic = (source: string): Topic => ({
  name: `${source}.timeseries`,
  key: 'dataset and key, joined by a slash',
  record: 'TimeseriesSlice',
  partitions: 1,
  config: { ...plain, ...forEver },
})

/** What each key of a source means; the newest record of a key counts. */
export const seriesTopic = (source: string): Topic => ({
  name: `${source}.series`,
  key: 'dataset and key, joined by a slash',
  record: 'Series',
  partitions: 1,
  config: { ...plain, 'cleanup.policy': 'compact', 'retention.ms': '-1' },
})

/** What was refused: the original bytes, and in the headers where they came from and why. Takes more than any other. */
export const deadLetterTopic = (source: string): Topic => ({
  name: `${source}.dlq`,
  key: 'the key of the refused record',
  record: null,
  partitions: 1,
  config: { ...zstd, ...forEver, 'max.message.bytes': `${16 * mebibyte}` },
})

/** Where records of no source end that were refused: polls that the sink cannot read, and the like. */
export const platformDeadLetterTopic: Topic = { ...deadLetterTopic('tidemark'), name: 'tidemark.dlq' }

/** Which datasets are parked, for every normalizer; the newest record of a dataset counts. */
export const parkingTopic: Topic = {
  name: 'parking',
  key: 'dataset',
  record: 'Parking',
  partitions: 1,
  config: { ...plain, ...brokerTime, 'cleanup.policy': 'compact', 'retention.ms': '-1' },
}

/** The topics that every source has. */
export function sourceTopics(source: string, rawRetentionMs?: number): Topic[] {
  return [rawTopic(source, rawRetentionMs), timeseriesTopic(source), seriesTopic(source), deadLetterTopic(source)]
}

/** The topics that exist once. */
export const platformTopics: Topic[] = [pollsTopic, pollRequestsTopic, parkingTopic, platformDeadLetterTopic]
