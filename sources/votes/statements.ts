// The tables of votes. A batch is split into one row per vote and version. Views show readers the newest version.
import { tableOfFields } from '#schemas/record-schema.ts'
import type { OwnTable, StoreStatement } from '../source.ts'
import type { VoteBatch } from './generated/records.ts'
import { outlierWeeks, weeks } from './outlier-weeks.ts'

const dataset = 'votes.votes'

const selectVersions = `
SELECT
    id AS Id,
    post_id AS PostId,
    vote_type_id AS VoteTypeId,
    fromUnixTimestamp64Milli(creation_date_ms, 'UTC') AS CreationDate,
    user_id AS UserId,
    bounty_amount AS BountyAmount,
    toLowCardinality(arrayStringConcat(vote_flags, ' ')) AS flags,
    toUInt64(known_at_ms) * 4096 + toUInt64(transform_version) AS version,
    fromUnixTimestamp64Milli(known_at_ms, 'UTC') AS known_at,
    toUInt32(raw_partition) AS raw_partition,
    toUInt64(raw_offset) AS raw_offset
FROM tidemark.vote_batches
ARRAY JOIN
    ids AS id,
    post_ids AS post_id,
    vote_type_ids AS vote_type_id,
    creation_dates_ms AS creation_date_ms,
    user_ids AS user_id,
    bounty_amounts AS bounty_amount,
    if(empty(vote_batches.flags), arrayWithConstant(length(ids), []::Array(String)), vote_batches.flags) AS vote_flags
WHERE (SELECT count() FROM tidemark.deletions WHERE dataset = '${dataset}') = 0
    OR CreationDate >= (SELECT max(before) FROM tidemark.deletions WHERE dataset = '${dataset}')`

export const voteBatchesTable = tableOfFields<VoteBatch>('vote_batches', {
  known_at_ms: 'knownAt',
  transform_version: 'transformVersion',
  origin: 'origin',
  raw_partition: 'raw.partition',
  raw_offset: 'raw.offset',
  file_url: 'file',
  first_line: 'firstLine',
  lines: 'lines',
  blank_lines: 'blankLines',
  refused_lines: 'refusedLines',
  repeated_ids: 'repeatedIds',
  ids: 'ids',
  post_ids: 'postIds',
  vote_type_ids: 'voteTypeIds',
  creation_dates_ms: 'creationDates',
  user_ids: 'userIds',
  bounty_amounts: 'bountyAmounts',
  flags: 'flags',
})

export const statements: StoreStatement[] = [
  { name: 'the database blog_analysis', sql: 'CREATE DATABASE IF NOT EXISTS blog_analysis' },
  {
    name: 'the table tidemark.vote_batches',
    sql: `
CREATE TABLE IF NOT EXISTS tidemark.vote_batches
(
    known_at_ms Int64,
    transform_version Int64,
    origin LowCardinality(String),
    raw_partition Int64,
    raw_offset Int64,
    file_url String,
    first_line Int64,
    lines UInt32,
    blank_lines UInt32,
    refused_lines UInt32,
    repeated_ids UInt32,
    ids Array(UInt64),
    post_ids Array(Nullable(UInt64)),
    vote_type_ids Array(Nullable(UInt16)),
    creation_dates_ms Array(Int64),
    user_ids Array(Nullable(Int64)),
    bounty_amounts Array(Nullable(UInt32)),
    CONSTRAINT times_fit CHECK known_at_ms >= 0 AND known_at_ms < 4294967296000,
    CONSTRAINT version_fits CHECK transform_version >= 0 AND transform_version < 4096,
    CONSTRAINT raw_position_fits CHECK raw_partition >= 0 AND raw_partition < 4294967296 AND raw_offset >= 0,
    CONSTRAINT first_line_fits CHECK first_line >= 1,
    CONSTRAINT columns_are_as_long CHECK length(ids) = length(post_ids) AND length(ids) = length(vote_type_ids)
        AND length(ids) = length(creation_dates_ms) AND length(ids) = length(user_ids) AND length(ids) = length(bounty_amounts)
)
ENGINE = Null`,
  },
  {
    // flags[i] are those of ids[i]. Empty if no vote of the batch has a flag. ARRAY JOIN refuses any other length.
    name: 'the column flags of tidemark.vote_batches',
    sql: 'ALTER TABLE tidemark.vote_batches ADD COLUMN IF NOT EXISTS flags Array(Array(String))',
  },
  {
    // Every version of every vote, one row per Id and known_at. The table is not partitioned, because all rows of an Id
    // must merge even after its date was corrected. `version` is known_at in ms * 4096 + transform version. Readers
    // take the greatest version.
    name: 'the table blog_analysis.vote_versions',
    sql: `
CREATE TABLE IF NOT EXISTS blog_analysis.vote_versions
(
    Id UInt64 CODEC(Delta, ZSTD(1)),
    PostId Nullable(UInt64) CODEC(Delta, ZSTD(1)),
    VoteTypeId Nullable(UInt16) CODEC(ZSTD(1)),
    CreationDate DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    UserId Nullable(Int64) CODEC(ZSTD(1)),
    BountyAmount Nullable(UInt32) CODEC(ZSTD(1)),
    version UInt64 CODEC(Delta, ZSTD(1)),
    known_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    raw_partition UInt32 DEFAULT 4294967295 CODEC(ZSTD(1)),
    raw_offset UInt64 CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
PRIMARY KEY Id
ORDER BY (Id, known_at)`,
  },
  {
    // Tables of older releases lack these columns, because they kept one version per Id. The default of raw_partition
    // is a partition that no topic has.
    name: 'the columns known_at, raw_partition and raw_offset of blog_analysis.vote_versions',
    sql: `
ALTER TABLE blog_analysis.vote_versions
    ADD COLUMN IF NOT EXISTS known_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    ADD COLUMN IF NOT EXISTS raw_partition UInt32 DEFAULT 4294967295 CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS raw_offset UInt64 CODEC(Delta, ZSTD(1)),
    MODIFY ORDER BY (Id, known_at)`,
  },
  {
    // Words apart by a space, as in tidemark.points: an array would cost more in each merge.
    name: 'the column flags of blog_analysis.vote_versions',
    sql: `
ALTER TABLE blog_analysis.vote_versions
    ADD COLUMN IF NOT EXISTS flags LowCardinality(String) CODEC(ZSTD(1))`,
  },
  {
    name: 'the view blog_analysis.fill_vote_versions',
    sql: `
CREATE MATERIALIZED VIEW IF NOT EXISTS blog_analysis.fill_vote_versions TO blog_analysis.vote_versions AS${selectVersions}`,
  },
  {
    name: 'the query of the view blog_analysis.fill_vote_versions',
    sql: `ALTER TABLE blog_analysis.fill_vote_versions MODIFY QUERY${selectVersions}`,
  },
  {
    // The chunks that were read. known_at leads from a vote to its chunk, and so to its file, line and raw record.
    name: 'the table blog_analysis.vote_chunks',
    sql: `
CREATE TABLE IF NOT EXISTS blog_analysis.vote_chunks
(
    known_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    raw_partition UInt32,
    raw_offset UInt64,
    file_url String CODEC(ZSTD(1)),
    first_line UInt64,
    lines UInt32,
    votes UInt32,
    blank_lines UInt32,
    refused_lines UInt32,
    repeated_ids UInt32,
    transform_version UInt16,
    origin LowCardinality(String)
)
ENGINE = ReplacingMergeTree(transform_version)
ORDER BY (known_at, raw_partition, raw_offset)`,
  },
  {
    name: 'the view blog_analysis.fill_vote_chunks',
    sql: `
CREATE MATERIALIZED VIEW IF NOT EXISTS blog_analysis.fill_vote_chunks TO blog_analysis.vote_chunks AS
SELECT
    fromUnixTimestamp64Milli(known_at_ms, 'UTC') AS known_at,
    toUInt32(raw_partition) AS raw_partition,
    toUInt64(raw_offset) AS raw_offset,
    file_url,
    toUInt64(first_line) AS first_line,
    lines,
    toUInt32(length(ids)) AS votes,
    blank_lines,
    refused_lines,
    repeated_ids,
    toUInt16(transform_version) AS transform_version,
    origin
FROM tidemark.vote_batches`,
  },
  {
    name: 'the view blog_analysis.votes',
    sql: `
CREATE OR REPLACE VIEW blog_analysis.votes AS
SELECT Id, PostId, VoteTypeId, CreationDate, UserId, BountyAmount, splitByWhitespace(flags) AS Flags
FROM blog_analysis.vote_versions
ORDER BY Id, version DESC
LIMIT 1 BY Id`,
  },
  weeks,
  outlierWeeks,
]

/** The tables for deletions and replays. Deletions do not touch vote_chunks, which holds no votes. */
export const voteTables: OwnTable[] = [
  {
    name: 'blog_analysis.vote_versions',
    rows: 'true',
    time: 'CreationDate',
    windowStart: 'known_at',
    transformVersion: '(version % 4096)',
  },
  { name: 'blog_analysis.vote_chunks', rows: 'true', windowStart: 'known_at', transformVersion: 'transform_version' },
]
