// What a topic is, and the settings that topics have in common.
import type { RecordSchema, TableTarget } from './record-schema.ts'

export interface Topic {
  name: string
  key: string
  /** The Avro record type of the values. Null for a dead-letter topic: its values are copies of the refused bytes. */
  record: RecordSchema | null
  /**
   * The table into which the sink writes the records. Absent if the sink does not read the topic. Of a dead-letter topic
   * the sink writes only key and headers, as DeadLetterRecord.
   */
  table?: TableTarget
  partitions: number
  /** True: a topic that is there keeps its number of partitions. With more of them, a key would move to another one. */
  keepsPartitions?: true
  config: Record<string, string>
  /** Text that says what is lost if the retention is shortened. docs/operations.md prints it. */
  retentionImpact: string
}

/** How long records are kept, days. An absent value means for ever. */
export interface Retention {
  rawDays?: number
  timeseriesDays?: number
}

export const dayMs = 24 * 60 * 60 * 1000
export const mebibyte = 1024 * 1024
/** Settings of a topic that keeps records for some days; undefined: for ever. */
export const keptFor = (days?: number) => ({
  'cleanup.policy': 'delete',
  'retention.ms': days === undefined ? '-1' : `${Math.round(days * dayMs)}`,
  'retention.bytes': '-1',
})
export const forEver = keptFor()

// The broker stores records uncompressed, even if the producer compressed them, so that every subscriber can read them.
export const plain = { 'compression.type': 'uncompressed' }
export const zstd = { 'compression.type': 'zstd' }

// The broker's clock sets the record timestamps, because pollers on several machines compare them.
export const brokerTime = { 'message.timestamp.type': 'LogAppendTime' }
