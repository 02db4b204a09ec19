-- As before, without what was deleted. The bounds are read once an insert; a dataset with none has 1970 as its bound.
ALTER TABLE tidemark.fill_points MODIFY QUERY
WITH (
    SELECT mapFromArrays(groupArray(dataset), groupArray(before))
    FROM (SELECT toString(dataset) AS dataset, max(before) AS before FROM tidemark.deletions GROUP BY dataset)
) AS bounds
SELECT
    dataset,
    key,
    toDateTime(intDiv(start_ms, 1000) + step_s * i, 'UTC') AS ts,
    value,
    toUInt64(known_at_ms) * 4096 + toUInt64(transform_version) AS version,
    step_s,
    flags
FROM
(
    SELECT * REPLACE (toLowCardinality(arrayStringConcat(flags, ' ')) AS flags)
    FROM tidemark.slices
)
ARRAY JOIN values AS value, range(length(values)) AS i
WHERE ts >= bounds[dataset]
