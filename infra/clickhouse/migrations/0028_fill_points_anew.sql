-- Explodes slices: values[i] stands at start + i * step. The flags are joined before: once a slice, not once a point. The
-- bounds of deletions are read once an insert; a dataset with none has 1970 as its bound.
CREATE MATERIALIZED VIEW IF NOT EXISTS tidemark.points_mv TO tidemark.points AS
WITH (
    SELECT mapFromArrays(groupArray(dataset), groupArray(before))
    FROM (SELECT toString(dataset) AS dataset, max(before) AS before FROM tidemark.deletions GROUP BY dataset)
) AS bounds
SELECT
    dataset,
    key,
    toDateTime(intDiv(start_ms, 1000) + step_s * i, 'UTC') AS ts,
    value,
    (toUInt64(known_at_ms) * 4096 + toUInt64(transform_version)) * 2 + (identity > 0) AS version,
    step_s,
    flags,
    identity
FROM
(
    SELECT * REPLACE (toLowCardinality(arrayStringConcat(flags, ' ')) AS flags)
    FROM tidemark.slices
)
ARRAY JOIN values AS value, range(length(values)) AS i
WHERE ts >= bounds[dataset]
