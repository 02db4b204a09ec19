-- Every replay and rebuild: who did it, why, what it read and what came of it. The newest record of an id counts: read it
-- with FINAL; the topic replays has all states.
CREATE TABLE IF NOT EXISTS tidemark.replays
(
    id String,
    kind LowCardinality(String),
    dataset LowCardinality(String),
    window_from Nullable(DateTime64(3, 'UTC')),
    window_to Nullable(DateTime64(3, 'UTC')),
    state LowCardinality(String),
    who String,
    why String,
    started_at DateTime64(3, 'UTC'),
    at DateTime64(3, 'UTC'),
    from_version UInt16,
    to_version UInt16,
    spans Array(Tuple(topic String, partition UInt32, first_offset UInt64, end_offset UInt64)),
    counts Map(LowCardinality(String), Int64),
    message String
)
ENGINE = ReplacingMergeTree(at)
ORDER BY id
