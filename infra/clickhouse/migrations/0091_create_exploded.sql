-- The points of slices, for the views that fill points and point_revisions: a slice is exploded once for both. Keeps nothing.
CREATE TABLE IF NOT EXISTS tidemark.exploded
(
    dataset LowCardinality(String),
    key LowCardinality(String),
    ts DateTime('UTC'),
    known_at DateTime64(3, 'UTC'),
    value Nullable(Float64),
    transform_version UInt16,
    window_start DateTime('UTC'),
    window_end DateTime('UTC'),
    step_s UInt32,
    flags LowCardinality(String),
    origin LowCardinality(String),
    upstream_modified_at DateTime64(3, 'UTC'),
    raw_partition UInt32,
    raw_offset UInt64,
    identity UInt64
)
ENGINE = Null
