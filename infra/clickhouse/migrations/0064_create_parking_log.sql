-- Every record of topic parking: when a dataset was parked or released, why and by whom. offset: the order in which the
-- records lie in the topic, which is the order that normalizers go by. The clocks of those who wrote them may differ. A
-- record that is read again gives the same row: read it with FINAL.
CREATE TABLE IF NOT EXISTS tidemark.parking_log
(
    dataset LowCardinality(String),
    at DateTime64(3, 'UTC'),
    state LowCardinality(String),
    reason LowCardinality(String),
    message String,
    by String,
    offset UInt64
)
ENGINE = ReplacingMergeTree
ORDER BY (dataset, at, offset)
