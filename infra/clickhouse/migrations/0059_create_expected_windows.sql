-- By when each window of a scheduled dataset is expected: data, not code, so that a changed calendar does not rewrite the
-- past. At an instant T, the row of a window with the greatest declared_at by T counts. every_s: the row stands for all
-- ticks from window_start to window_end. late_after: from when on a missing window is late; null: never. why: why there is
-- no time, or another one than usual. backdated: declared_at is the time of the first poll, because the window was collected
-- before this table was there.
CREATE TABLE IF NOT EXISTS tidemark.expected_windows
(
    dataset LowCardinality(String) CODEC(ZSTD(1)),
    request_identity String CODEC(ZSTD(1)),
    selector LowCardinality(Nullable(String)) CODEC(ZSTD(1)),
    window_start DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    window_end DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    every_s Nullable(UInt32) CODEC(ZSTD(1)),
    expected_by Nullable(DateTime64(3, 'UTC')) CODEC(ZSTD(1)),
    late_after Nullable(DateTime64(3, 'UTC')) CODEC(ZSTD(1)),
    why Nullable(String) CODEC(ZSTD(1)),
    steps Nullable(UInt32) CODEC(ZSTD(1)),
    declared_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    backdated Bool CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
ORDER BY (dataset, window_start, request_identity, declared_at)
