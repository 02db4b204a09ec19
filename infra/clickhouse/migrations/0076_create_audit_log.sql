-- Who changed what, why, and what came of it: the topic audit. The newest row of an id is valid: read it with FINAL.
CREATE TABLE IF NOT EXISTS tidemark.audit_log
(
    id String CODEC(ZSTD(1)),
    at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    who LowCardinality(String) CODEC(ZSTD(1)),
    role LowCardinality(String) CODEC(ZSTD(1)),
    action LowCardinality(String) CODEC(ZSTD(1)),
    target String CODEC(ZSTD(1)),
    why String CODEC(ZSTD(1)),
    result Nullable(String) CODEC(ZSTD(1)),
    failed Nullable(String) CODEC(ZSTD(1)),
    ended_at Nullable(DateTime64(3, 'UTC')) CODEC(ZSTD(1)),
    offset UInt64 CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(offset)
ORDER BY (at, id)
