-- Every version of every alert rule: the topic tidemark.alerts.rules. Read it with FINAL.
CREATE TABLE IF NOT EXISTS tidemark.alert_rules
(
    id LowCardinality(String) CODEC(ZSTD(1)),
    version UInt32 CODEC(ZSTD(1)),
    rule String CODEC(ZSTD(1)),
    owner LowCardinality(String) CODEC(ZSTD(1)),
    changed_at DateTime64(3, 'UTC') CODEC(ZSTD(1)),
    changed_by String CODEC(ZSTD(1)),
    why String CODEC(ZSTD(1)),
    is_deleted Bool CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(changed_at)
ORDER BY (id, version)
