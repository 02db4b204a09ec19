-- What each key means. The newest record of a key counts: read it with FINAL.
CREATE TABLE IF NOT EXISTS tidemark.series
(
    dataset LowCardinality(String),
    key LowCardinality(String),
    labels Map(LowCardinality(String), String),
    unit LowCardinality(String),
    step_s UInt32,
    transform_version UInt16,
    emitted_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(emitted_at)
ORDER BY (dataset, key)
