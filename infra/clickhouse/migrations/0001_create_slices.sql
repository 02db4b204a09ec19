-- What the sink inserts: one row a slice. Keeps nothing; materialized views explode the rows into points and
-- point_revisions. The columns are wider than those of the tables and the
-- constraints refuse (469) what these could only hold with another meaning.
CREATE TABLE IF NOT EXISTS tidemark.slices
(
    dataset LowCardinality(String),
    key LowCardinality(String),
    window_start_ms Int64,
    window_end_ms Int64,
    start_ms Int64,
    step_s Int64,
    values Array(Nullable(Float64)),
    known_at_ms Int64,
    upstream_modified_at_ms Nullable(Int64),
    transform_version Int64,
    flags Array(LowCardinality(String)),
    origin LowCardinality(String),
    raw_partition Int64,
    raw_offset Int64,
    CONSTRAINT times_are_whole_seconds CHECK start_ms % 1000 = 0 AND window_start_ms % 1000 = 0 AND window_end_ms % 1000 = 0,
    CONSTRAINT times_fit_datetime CHECK least(start_ms, window_start_ms, known_at_ms) >= 0
        AND greatest(start_ms + step_s * 1000 * toInt64(length(values)), window_end_ms, known_at_ms) < 4294967296000,
    CONSTRAINT version_fits CHECK transform_version >= 0 AND transform_version < 4096,
    CONSTRAINT step_is_sane CHECK (step_s > 0 OR length(values) <= 1) AND step_s >= 0 AND step_s <= 366 * 86400,
    CONSTRAINT raw_position_fits CHECK raw_partition >= 0 AND raw_partition < 4294967296 AND raw_offset >= 0,
    CONSTRAINT flags_are_words CHECK NOT arrayExists(flag -> NOT match(flag, '^[!-~]+$'), flags)
)
ENGINE = Null
