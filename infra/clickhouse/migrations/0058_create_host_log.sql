-- What the owner of a host did about it, once a minute and at each change: the topic host-log. A repeated delivery gives a
-- row with the same key: read it with FINAL. settled_to: every answer of the host that this poller received before this
-- instant is in the topic polls.
CREATE TABLE IF NOT EXISTS tidemark.host_log
(
    host LowCardinality(String) CODEC(ZSTD(1)),
    at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    poller LowCardinality(String) CODEC(ZSTD(1)),
    state LowCardinality(String) CODEC(ZSTD(1)),
    waiting_for_budget UInt32 CODEC(ZSTD(1)),
    due_requests UInt32 CODEC(ZSTD(1)),
    paused_until Nullable(DateTime64(3, 'UTC')) CODEC(ZSTD(1)),
    pause_reason LowCardinality(Nullable(String)) CODEC(ZSTD(1)),
    settled_to DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    -- Whether a host was ever heard of, without reading years of minutes.
    PROJECTION first_row (SELECT host, min(at) GROUP BY host)
)
ENGINE = ReplacingMergeTree
ORDER BY (host, at, poller, state)
SETTINGS deduplicate_merge_projection_mode = 'rebuild'
