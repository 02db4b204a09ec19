-- What the alert rules told: the topic tidemark.alerts.events. A repetition has the same id: read it with FINAL.
CREATE TABLE IF NOT EXISTS tidemark.alert_events
(
    id String CODEC(ZSTD(1)),
    kind LowCardinality(String) CODEC(ZSTD(1)),
    rule_id LowCardinality(String) CODEC(ZSTD(1)),
    rule_version UInt32 CODEC(ZSTD(1)),
    title LowCardinality(String) CODEC(ZSTD(1)),
    owner LowCardinality(String) CODEC(ZSTD(1)),
    severity LowCardinality(String) CODEC(ZSTD(1)),
    dataset LowCardinality(String) CODEC(ZSTD(1)),
    key LowCardinality(String) CODEC(ZSTD(1)),
    unit LowCardinality(String) CODEC(ZSTD(1)),
    onset_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    ends_at Nullable(DateTime64(3, 'UTC')) CODEC(ZSTD(1)),
    firing_id Nullable(String) CODEC(ZSTD(1)),
    point_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    value Nullable(Float64) CODEC(ZSTD(1)),
    compared Nullable(Float64) CODEC(ZSTD(1)),
    reference Nullable(Float64) CODEC(ZSTD(1)),
    samples Nullable(UInt32) CODEC(ZSTD(1)),
    expected Nullable(UInt32) CODEC(ZSTD(1)),
    known_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    raw_partition Int32 CODEC(ZSTD(1)),
    raw_offset Int64 CODEC(Delta, ZSTD(1)),
    detail Nullable(String) CODEC(ZSTD(1)),
    at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree
ORDER BY (rule_id, known_at, id)
