// Where records of new-record.ts are stored: their topic, their table, and the mapping from record to row.
import { instant, tableOfFields } from '#schemas/record-schema.ts'
import type { OwnTable, OwnTopic, StoreStatement } from '#sources/source.ts'
import { type NewRecord, newRecordSchema } from './generated/records.ts'

const target = tableOfFields<NewRecord>('accepted_new_source_new_record', {
  dataset: 'dataset',
  window_start: instant('windowStart'),
  id: 'id',
  time: instant('time'),
  text: 'text',
  known_at: instant('knownAt'),
  transform_version: 'transformVersion',
  origin: 'origin',
  raw_partition: 'raw.partition',
  raw_offset: 'raw.offset',
})

export const newRecordTopic: OwnTopic<NewRecord> = {
  suffix: 'new-record',
  record: newRecordSchema,
  table: target,
  key: 'window and id, joined by a slash',
  retentionImpact: 'a subscriber that is new, or was away for longer, misses the older records, and so does a sink',
}

/** Table with every revision. The engine replaces rows only within an answer: the newest transform version stays. */
const table: StoreStatement = {
  name: 'new_source_new_record_revisions',
  sql: `
    CREATE TABLE IF NOT EXISTS tidemark.new_source_new_record_revisions
    (
        dataset LowCardinality(String),
        window_start DateTime('UTC'),
        id String,
        time DateTime64(3, 'UTC'),
        text String,
        known_at DateTime64(3, 'UTC'),
        transform_version UInt16,
        origin LowCardinality(String),
        raw_partition UInt32,
        raw_offset UInt64
    )
    ENGINE = ReplacingMergeTree(transform_version)
    PARTITION BY toYear(window_start)
    ORDER BY (dataset, window_start, id, known_at)`,
}

/** Table into which the sink inserts. Its engine Null keeps no rows: the rows only reach the view below. */
const inserted: StoreStatement = {
  name: 'accepted_new_source_new_record',
  sql: `CREATE TABLE IF NOT EXISTS tidemark.accepted_new_source_new_record
    AS tidemark.new_source_new_record_revisions ENGINE = Null`,
}

/** View that fills the table of revisions. It leaves out rows before the deletion bound. */
const filling: StoreStatement = {
  name: 'new_source_new_record_mv',
  sql: `
    CREATE MATERIALIZED VIEW IF NOT EXISTS tidemark.new_source_new_record_mv
    TO tidemark.new_source_new_record_revisions AS
    SELECT * FROM tidemark.accepted_new_source_new_record
    WHERE window_start >= (SELECT max(before) FROM tidemark.deletions WHERE dataset = 'new-source.new-record')`,
}

export const newRecordStatements: StoreStatement[] = [table, inserted, filling]

/** What deletions and replays need to know about the table. */
export const newRecordTable: OwnTable = {
  name: 'tidemark.new_source_new_record_revisions',
  rows: `dataset = 'new-source.new-record'`,
  time: 'window_start',
  windowStart: 'window_start',
  transformVersion: 'transform_version',
}

/** The view that users query: rows of the newest accepted answer of each window. */
export const newRecordView = {
  name: 'new_source_new_record',
  select: `
      SELECT id, time, text, known_at
      FROM tidemark.new_source_new_record_revisions FINAL
      WHERE (window_start, (known_at, transform_version)) IN
      (
          SELECT toDateTime(window_start, 'UTC'), max((known_at, transform_version))
          FROM tidemark.stored_answers
          WHERE replaces AND dataset = 'new-source.new-record'
          GROUP BY window_start
      )`,
}
