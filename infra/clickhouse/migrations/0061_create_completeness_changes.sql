-- The changes of the windows' classes as the monitor saw them: the records of topic completeness. What a class was at an
-- instant, by all that is known today of that instant, says the view completeness.
CREATE TABLE IF NOT EXISTS tidemark.completeness_changes
(
    dataset LowCardinality(String) CODEC(ZSTD(1)),
    request_identity String CODEC(ZSTD(1)),
    selector LowCardinality(Nullable(String)) CODEC(ZSTD(1)),
    window_start DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    window_end DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    class LowCardinality(String) CODEC(ZSTD(1)),
    previous_class LowCardinality(Nullable(String)) CODEC(ZSTD(1)),
    cause LowCardinality(Nullable(String)) CODEC(ZSTD(1)),
    detail Nullable(String) CODEC(ZSTD(1)),
    since DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    expected_by Nullable(DateTime64(3, 'UTC')) CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
ORDER BY (dataset, window_start, request_identity, at)
