-- The answers that were accepted and whose points are in the store: one row a raw position, the newest transform's. A
-- window says what its newest answer says, and nothing else: a point whose request identity has an answer with a greater
-- version than the one that named it is withdrawn. Answers that replace nothing (ticks, files, parts) have another prefix of
-- the primary key, so they cost the views nothing. stored_at: when the answer was stored first.
CREATE TABLE IF NOT EXISTS tidemark.stored_answers
(
    replaces Bool,
    dataset LowCardinality(String) CODEC(ZSTD(1)),
    identity UInt64 CODEC(ZSTD(1)),
    request_identity String CODEC(ZSTD(1)),
    selector LowCardinality(Nullable(String)) CODEC(ZSTD(1)),
    window_start DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    window_end DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    known_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    transform_version UInt16 CODEC(ZSTD(1)),
    points UInt32 CODEC(ZSTD(1)),
    keys UInt32 CODEC(ZSTD(1)),
    content_hash String CODEC(ZSTD(1)),
    raw_partition UInt32 CODEC(ZSTD(1)),
    raw_offset UInt64 CODEC(Delta, ZSTD(1)),
    stored_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    -- Orders the answers of an identity: known_at in ms * 4096 + transform_version.
    version UInt64 MATERIALIZED toUInt64(toUnixTimestamp64Milli(known_at)) * 4096 + transform_version CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(transform_version)
ORDER BY (replaces, dataset, identity, known_at, raw_partition, raw_offset)
