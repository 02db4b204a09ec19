import type { TableTarget } from './record-schema.ts'

/**
 * What a record of a dead-letter topic says in its key and headers. It is a dead letter, or the decision on one: then
 * `decision`, `letterOffset`, `by` and `why` are set, and what is known of a refused record is null, 0 or empty.
 */
export interface DeadLetterRecord {
  topic: string
  partition: number
  offset: number
  /** Empty for a dead letter. */
  decision: 'requeued' | 'dropped' | ''
  /** Offset of the dead letter that the record is, or on which it decides. */
  letterOffset: number
  /** Time of the refusal or of the decision, ms UTC. */
  at: number
  dataset: string | null
  reason: string
  previousReason: string | null
  message: string
  requestIdentity: string | null
  raw: { partition: number; offset: number } | null
  original: { topic: string; partition: number; offset: number } | null
  service: string
  version: string
  attempts: number
  by: string
  why: string
}

export const deadLetterRecordsTable: TableTarget<DeadLetterRecord> = {
  table: 'dead_letter_records',
  columns: [
    'topic',
    'partition',
    'offset',
    'decision',
    'letter_offset',
    'at',
    'dataset',
    'reason',
    'previous_reason',
    'message',
    'request_identity',
    'raw_partition',
    'raw_offset',
    'original_topic',
    'original_partition',
    'original_offset',
    'service',
    'version',
    'attempts',
    'by',
    'why',
  ],
  row: (record) => [
    record.topic,
    record.partition,
    record.offset,
    record.decision,
    record.letterOffset,
    new Date(record.at).toISOString(),
    record.dataset,
    record.reason,
    record.previousReason,
    record.message,
    record.requestIdentity,
    record.raw?.partition ?? null,
    record.raw?.offset ?? null,
    record.original?.topic ?? null,
    record.original?.partition ?? null,
    record.original?.offset ?? null,
    record.service,
    record.version,
    record.attempts,
    record.by,
    record.why,
  ],
}
