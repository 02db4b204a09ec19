-- Fills point_revisions, named after its table like the other two. While fill_point_revisions is there as well, a row comes
-- twice and collapses.
CREATE MATERIALIZED VIEW IF NOT EXISTS tidemark.point_revisions_mv TO tidemark.point_revisions AS
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
