-- Every record of the dead-letter topics, without its value: the letters, whose decision is empty, and the decisions on
-- letters (requeued, dropped), whose letter_offset names the letter. at: when the record was refused, or the letter decided
-- on. What a record's headers do not say is null, 0 or empty. A record that is read again gives the same row.
CREATE TABLE IF NOT EXISTS tidemark.dead_letter_records
(
    topic LowCardinality(String) CODEC(ZSTD(1)),
    partition UInt32 CODEC(ZSTD(1)),
    offset UInt64 CODEC(Delta, ZSTD(1)),
    decision LowCardinality(String) CODEC(ZSTD(1)),
    letter_offset UInt64 CODEC(Delta, ZSTD(1)),
    at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    dataset LowCardinality(Nullable(String)) CODEC(ZSTD(1)),
    reason LowCardinality(String) CODEC(ZSTD(1)),
    previous_reason LowCardinality(Nullable(String)) CODEC(ZSTD(1)),
    message String CODEC(ZSTD(1)),
    request_identity Nullable(String) CODEC(ZSTD(1)),
    raw_partition Nullable(UInt32) CODEC(ZSTD(1)),
    raw_offset Nullable(UInt64) CODEC(Delta, ZSTD(1)),
    original_topic LowCardinality(Nullable(String)) CODEC(ZSTD(1)),
    original_partition Nullable(UInt32) CODEC(ZSTD(1)),
    original_offset Nullable(UInt64) CODEC(Delta, ZSTD(1)),
    service LowCardinality(String) CODEC(ZSTD(1)),
    version LowCardinality(String) CODEC(ZSTD(1)),
    attempts UInt32 CODEC(ZSTD(1)),
    by String CODEC(ZSTD(1)),
    why String CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
ORDER BY (decision, dataset, at, topic, partition, offset)
SETTINGS allow_nullable_key = 1
