-- What became of each window: one row a poll that changed what is known of it. What is known of a window at a time is its
-- newest row until then. Polls of an earlier release do not say whether they changed something, so each of them has a row
-- unless it was there before this table. at: when the answer, or the failure, arrived. last_changed_at: known_at of the
-- newest answer that is in raw, as the poll says it; null where there is none, or where a poll of an earlier release does
-- not say it. So the newest answer at an instant is the greatest of the rows until then. Ticks, pages and chunks of files
-- are not here. A repeated delivery gives a row with the same key: read it with FINAL. The table has no partitions: it is
-- small, and a question about one window reads all of its past.
CREATE TABLE IF NOT EXISTS tidemark.window_states
(
    dataset LowCardinality(String) CODEC(ZSTD(1)),
    selector LowCardinality(Nullable(String)) CODEC(ZSTD(1)),
    window_start DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    window_end DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    request_identity String CODEC(ZSTD(1)),
    at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    outcome LowCardinality(String) CODEC(ZSTD(1)),
    completeness LowCardinality(Nullable(String)) CODEC(ZSTD(1)),
    failures UInt32 CODEC(ZSTD(1)),
    status Nullable(UInt16) CODEC(ZSTD(1)),
    error Nullable(String) CODEC(ZSTD(1)),
    empty_confirmed Bool CODEC(ZSTD(1)),
    last_changed_at Nullable(DateTime64(3, 'UTC')) CODEC(ZSTD(1)),
    lane LowCardinality(String) CODEC(ZSTD(1)),
    poller LowCardinality(String) CODEC(ZSTD(1)),
    raw_partition Nullable(UInt32) CODEC(ZSTD(1)),
    raw_offset Nullable(UInt64) CODEC(ZSTD(1)),
    origin LowCardinality(String) CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
ORDER BY (dataset, window_start, request_identity, at, poller)
