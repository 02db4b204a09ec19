-- The newest value of every point. version = (known_at in ms * 4096 + transform_version) * 2 + 1 where the row has an
-- identity: a later answer wins, of the same answer the newer transform, and of rows that are alike the one that has an
-- identity. Every version of a point has the same ts, so the same partition. Flags are words apart by a space: an array
-- would double what a merge costs; the views give arrays.
CREATE TABLE IF NOT EXISTS tidemark.points
(
    dataset LowCardinality(String) CODEC(ZSTD(1)),
    key LowCardinality(String) CODEC(ZSTD(1)),
    ts DateTime('UTC') CODEC(Delta, ZSTD(1)),
    value Nullable(Float64) CODEC(ZSTD(1)),
    version UInt64 CODEC(Delta, ZSTD(1)),
    step_s UInt32 CODEC(ZSTD(1)),
    flags LowCardinality(String) CODEC(ZSTD(1)),
    identity UInt64 CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYear(ts)
ORDER BY (dataset, key, ts)
SETTINGS
    -- Merging is most of what an insert costs. By columns and not by rows, and more parts at once, it takes half the CPU.
    vertical_merge_algorithm_min_rows_to_activate = 1,
    vertical_merge_algorithm_min_columns_to_activate = 1,
    merge_selector_base = 20
