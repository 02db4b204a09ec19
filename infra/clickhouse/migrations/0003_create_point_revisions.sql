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
    flags LowCardinality(String) CODEC(ZSTD(1)),
    origin LowCardinality(String) CODEC(ZSTD(1)),
    -- 1970-01-01 where upstream tells none.
    upstream_modified_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    raw_partition UInt32 CODEC(ZSTD(1)),
    raw_offset UInt64 CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(transform_version)
PARTITION BY toYear(known_at)
ORDER BY (dataset, key, ts, known_at)
SETTINGS
    -- Merging is most of what an insert costs. By columns and not by rows, and more parts at once, it takes half the CPU.
    vertical_merge_algorithm_min_rows_to_activate = 1,
    vertical_merge_algorithm_min_columns_to_activate = 1,
    merge_selector_base = 20
