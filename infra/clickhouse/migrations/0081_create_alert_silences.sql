-- When alerts are not sent: the topic tidemark.alerts.silences. Read it with FINAL.
CREATE TABLE IF NOT EXISTS tidemark.alert_silences
(
    id String CODEC(ZSTD(1)),
    rule String CODEC(ZSTD(1)),
    dataset String CODEC(ZSTD(1)),
    key String CODEC(ZSTD(1)),
    from_at DateTime64(3, 'UTC') CODEC(ZSTD(1)),
    until_at DateTime64(3, 'UTC') CODEC(ZSTD(1)),
    why String CODEC(ZSTD(1)),
    created_by String CODEC(ZSTD(1)),
    created_at DateTime64(3, 'UTC') CODEC(ZSTD(1)),
    offset UInt64 CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(offset)
ORDER BY id
