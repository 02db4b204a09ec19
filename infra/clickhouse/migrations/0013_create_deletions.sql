-- Up to where each dataset was deleted. No point before a dataset's latest bound enters points and point_revisions,
-- whoever inserts it: the live sink, a replay, a rebuild, a dead letter that is sent again.
CREATE TABLE IF NOT EXISTS tidemark.deletions
(
    dataset LowCardinality(String),
    before DateTime64(3, 'UTC'),
    at DateTime64(3, 'UTC'),
    by String,
    why String
)
ENGINE = ReplacingMergeTree(at)
ORDER BY (dataset, before)
