-- Explodes slices: values[i] stands at start + i * step. The flags are joined before: once a slice, not once a point.
CREATE MATERIALIZED VIEW IF NOT EXISTS tidemark.fill_point_revisions TO tidemark.point_revisions AS
SELECT
    dataset,
    key,
    toDateTime(intDiv(start_ms, 1000) + step_s * i, 'UTC') AS ts,
    fromUnixTimestamp64Milli(known_at_ms, 'UTC') AS known_at,
    value,
    transform_version,
    toDateTime(intDiv(window_start_ms, 1000), 'UTC') AS window_start,
    toDateTime(intDiv(window_end_ms, 1000), 'UTC') AS window_end,
    step_s,
    flags,
    origin,
    fromUnixTimestamp64Milli(ifNull(upstream_modified_at_ms, 0), 'UTC') AS upstream_modified_at,
    raw_partition,
    raw_offset
FROM
(
    SELECT * REPLACE (toLowCardinality(arrayStringConcat(flags, ' ')) AS flags)
    FROM tidemark.slices
)
ARRAY JOIN values AS value, range(length(values)) AS i
