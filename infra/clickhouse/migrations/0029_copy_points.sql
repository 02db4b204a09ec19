-- All that was known before, from the table that holds all of it. What the sink inserts meanwhile comes by the view.
INSERT INTO tidemark.points (dataset, key, ts, value, version, step_s, flags, identity)
SELECT
    dataset,
    key,
    ts,
    value,
    (toUInt64(toUnixTimestamp64Milli(known_at)) * 4096 + transform_version) * 2 + (identity > 0),
    step_s,
    flags,
    identity
FROM
(
    SELECT * FROM tidemark.point_revisions
    ORDER BY dataset, key, ts, known_at DESC, transform_version DESC
    LIMIT 1 BY dataset, key, ts
)
SETTINGS max_partitions_per_insert_block = 1000
