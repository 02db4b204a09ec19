CREATE MATERIALIZED VIEW IF NOT EXISTS tidemark.exploded_points_mv TO tidemark.points AS
SELECT
    dataset,
    key,
    ts,
    value,
    (toUInt64(toUnixTimestamp64Milli(known_at)) * 4096 + transform_version) * 2 + (identity > 0) AS version,
    step_s,
    flags,
    identity
FROM tidemark.exploded
