-- What the sink inserts: one row an accepted answer. Keeps nothing; a materialized view fills stored_answers.
CREATE TABLE IF NOT EXISTS tidemark.accepted_answers
(
    replaces Bool,
    dataset LowCardinality(String),
    identity UInt64,
    request_identity String,
    selector Nullable(String),
    window_start DateTime64(3, 'UTC'),
    window_end DateTime64(3, 'UTC'),
    known_at DateTime64(3, 'UTC'),
    transform_version UInt16,
    points UInt32,
    keys UInt32,
    content_hash String,
    raw_partition UInt32,
    raw_offset UInt64,
    CONSTRAINT version_fits CHECK transform_version < 4096,
    CONSTRAINT identity_fits CHECK identity > 0 AND identity < 9007199254740992
)
ENGINE = Null
