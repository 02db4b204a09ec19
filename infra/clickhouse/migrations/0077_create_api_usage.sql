-- How often a caller read a dataset over the API, by the hour: the topic api-usage. Read it with FINAL.
CREATE TABLE IF NOT EXISTS tidemark.api_usage
(
    hour DateTime('UTC') CODEC(Delta, ZSTD(1)),
    by LowCardinality(String) CODEC(ZSTD(1)),
    caller LowCardinality(String) CODEC(ZSTD(1)),
    dataset LowCardinality(Nullable(String)) CODEC(ZSTD(1)),
    requests UInt64 CODEC(ZSTD(1)),
    last_at DateTime64(3, 'UTC') CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(requests)
ORDER BY (hour, caller, dataset, by)
SETTINGS allow_nullable_key = 1
