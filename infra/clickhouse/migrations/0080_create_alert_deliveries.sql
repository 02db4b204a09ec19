-- The messages of alerts and what became of them: the topic tidemark.alerts.deliveries. Read it with FINAL.
CREATE TABLE IF NOT EXISTS tidemark.alert_deliveries
(
    id String CODEC(ZSTD(1)),
    endpoint LowCardinality(String) CODEC(ZSTD(1)),
    group LowCardinality(String) CODEC(ZSTD(1)),
    event_ids Array(String) CODEC(ZSTD(1)),
    body String CODEC(ZSTD(1)),
    state LowCardinality(String) CODEC(ZSTD(1)),
    attempts UInt16 CODEC(ZSTD(1)),
    created_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    due_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    ended_at Nullable(DateTime64(3, 'UTC')) CODEC(ZSTD(1)),
    detail Nullable(String) CODEC(ZSTD(1)),
    offset UInt64 CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(offset)
ORDER BY (endpoint, id)
