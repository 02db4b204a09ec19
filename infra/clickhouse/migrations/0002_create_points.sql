-- The newest value of every point. version = known_at in ms * 4096 + transform_version: a later answer wins, and of the
-- same answer the newer transform. Every version of a point has the same ts, so the same partition.
CREATE TABLE IF NOT EXISTS tidemark.points
(
    dataset LowCardinality(String) CODEC(ZSTD(1)),
    key LowCardinality(String) CODEC(ZSTD(1)),
    ts DateTime('UTC') CODEC(Delta, ZSTD(1)),
    value Nullable(Float64) CODEC(ZSTD(1)),
    version UInt64 CODEC(Delta, ZSTD(1)),
    step_s UInt32 CODEC(ZSTD(1)),
    flags Array(LowCardinality(String)) CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYear(ts)
ORDER BY (dataset, key, ts)
