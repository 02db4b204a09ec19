-- All that was ever known of every point: one row an answer that named it, changed or not. A repeated delivery or a
-- replay gives rows with the same key, known_at included, so they meet in one partition; of those the newest transform
-- wins. A year of known_at is a partition: with months, an as-of of one series-year over 35 million rows took four times
-- as long, spent on looking into a hundred parts, and a replay of ten years made 120 parts an insert.
CREATE TABLE IF NOT EXISTS tidemark.point_revisions
(
    dataset LowCardinality(String) CODEC(ZSTD(1)),
    key LowCardinality(String) CODEC(ZSTD(1)),
    ts DateTime('UTC') CODEC(Delta, ZSTD(1)),
    known_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    value Nullable(Float64) CODEC(ZSTD(1)),
    transform_version UInt16 CODEC(ZSTD(1)),
    window_start DateTime('UTC') CODEC(Delta, ZSTD(1)),
    window_end DateTime('UTC') CODEC(Delta, ZSTD(1)),
    step_s UInt32 CODEC(ZSTD(1)),
    flags Array(LowCardinality(String)) CODEC(ZSTD(1)),
    origin LowCardinality(String) CODEC(ZSTD(1)),
    upstream_modified_at Nullable(DateTime64(3, 'UTC')) CODEC(Delta, ZSTD(1)),
    raw_partition UInt32 CODEC(ZSTD(1)),
    raw_offset UInt64 CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(transform_version)
PARTITION BY toYear(known_at)
ORDER BY (dataset, key, ts, known_at)
