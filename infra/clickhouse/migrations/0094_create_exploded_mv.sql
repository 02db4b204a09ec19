-- Explodes slices: values[i] stands at start + i * step. The flags are joined before: once a slice, not once a point. The
-- bounds of deletions are read once an insert; a dataset with none has 1970 as its bound. While points_mv and
-- point_revisions_mv are there as well, a row comes twice and collapses.
CREATE MATERIALIZED VIEW IF NOT EXISTS tidemark.exploded_mv TO tidemark.exploded AS
WITH (
    SELECT mapFromArrays(groupArray(dataset), groupArray(before))
    FROM (SELECT toString(dataset) AS dataset, max(before) AS before FROM tidemark.deletions GROUP BY dataset)
) AS bounds
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
    raw_offset,
    identity
FROM
(
    SELECT * REPLACE (toLowCardinality(arrayStringConcat(flags, ' ')) AS flags)
    FROM tidemark.slices
)
ARRAY JOIN values AS value, range(length(values)) AS i
WHERE ts >= bounds[dataset]
