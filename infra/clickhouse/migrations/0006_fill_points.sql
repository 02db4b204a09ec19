-- Explodes slices: values[i] stands at start + i * step. The flags are joined before: once a slice, not once a point.
CREATE MATERIALIZED VIEW IF NOT EXISTS tidemark.fill_points TO tidemark.points AS
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
