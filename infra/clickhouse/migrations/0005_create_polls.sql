-- Every poll, whatever came of it. A repeated delivery gives a row with the same key: read it with FINAL.
CREATE TABLE IF NOT EXISTS tidemark.polls
(
    request_identity String CODEC(ZSTD(1)),
    dataset LowCardinality(String),
    host LowCardinality(String),
    window_start DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    window_end DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    lane LowCardinality(String),
    sent_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    fetched_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    outcome LowCardinality(String),
    status Nullable(UInt16),
    duration_ms UInt32,
    bytes UInt32,
    content_hash Nullable(String) CODEC(ZSTD(1)),
    error Nullable(String) CODEC(ZSTD(1)),
    raw_partition Nullable(UInt32),
    raw_offset Nullable(UInt64),
    completeness LowCardinality(Nullable(String)),
    failures UInt32,
    poller LowCardinality(String),
    origin LowCardinality(String)
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(fetched_at)
ORDER BY (dataset, window_start, request_identity, fetched_at, poller)
