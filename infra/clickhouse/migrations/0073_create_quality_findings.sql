-- What the checks across answers found: the records of topic quality-findings, the newest one of a finding. Read it with FINAL.
-- A finding that no longer holds, because the data was corrected or deleted, keeps its row and has a withdrawn_at.
CREATE TABLE IF NOT EXISTS tidemark.quality_findings
(
    check LowCardinality(String) CODEC(ZSTD(1)),
    dataset LowCardinality(String) CODEC(ZSTD(1)),
    key LowCardinality(String) CODEC(ZSTD(1)),
    from DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    to DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    evidence Map(LowCardinality(String), Float64) CODEC(ZSTD(1)),
    found_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    withdrawn_at Nullable(DateTime64(3, 'UTC')) CODEC(ZSTD(1)),
    -- The place of the record on its topic: the newest one counts, also where a clock was set back.
    offset UInt64 CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(offset)
ORDER BY (dataset, check, from, key)
