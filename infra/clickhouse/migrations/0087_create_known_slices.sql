-- Where to look for what became known in a span: one row an answer and span of ts, ordered by known_at, with its keys. It
-- takes a hundredth of point_revisions. It holds no values, and may name points that are no longer there. An answer whose
-- slices come in several inserts is one row after a merge.
CREATE TABLE IF NOT EXISTS tidemark.known_slices
(
    known_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    dataset LowCardinality(String) CODEC(ZSTD(1)),
    identity UInt64 CODEC(ZSTD(1)),
    start DateTime('UTC') CODEC(Delta, ZSTD(1)),
    step_s UInt32 CODEC(ZSTD(1)),
    points UInt32 CODEC(ZSTD(1)),
    keys SimpleAggregateFunction(groupUniqArrayArray, Array(String)) CODEC(ZSTD(1))
)
ENGINE = AggregatingMergeTree
ORDER BY (known_at, dataset, identity, start, step_s, points)
