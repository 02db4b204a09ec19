-- What was known before. Points of a slice that a gap divides are one span here: the table may name more points than there are.
INSERT INTO tidemark.known_slices
SELECT
    known_at,
    dataset,
    identity,
    min(ts) AS start,
    step_s,
    if(step_s = 0, 1, intDiv(max(ts) - start, step_s) + 1) AS points,
    groupUniqArray(key) AS keys
FROM tidemark.point_revisions
GROUP BY known_at, dataset, identity, step_s, if(step_s = 0, ts, window_start)
SETTINGS max_bytes_before_external_group_by = 134217728, max_bytes_ratio_before_external_group_by = 0
