CREATE MATERIALIZED VIEW IF NOT EXISTS tidemark.known_slices_mv TO tidemark.known_slices AS
SELECT
    fromUnixTimestamp64Milli(known_at_ms, 'UTC') AS known_at,
    dataset,
    identity,
    toDateTime(intDiv(start_ms, 1000), 'UTC') AS start,
    step_s,
    length(values) AS points,
    groupUniqArray(key) AS keys
FROM tidemark.slices
GROUP BY known_at, dataset, identity, start, step_s, points
