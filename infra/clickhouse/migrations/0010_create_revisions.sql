-- One row a real change of a point, to and from null included. The first value that is not null is the publication, and
-- so is what comes before it; an answer that repeats a value is no row. previous_known_at is the answer before, which
-- may itself have repeated the previous value. Name the key or a span of ts; for a span of known_at ask changes.
CREATE OR REPLACE VIEW tidemark.revisions AS
SELECT
    dataset,
    key,
    ts,
    previous.1 AS previous_value,
    value,
    previous.2 AS previous_known_at,
    known_at
FROM
(
    SELECT
        dataset,
        key,
        ts,
        value,
        known_at,
        lagInFrame((value, known_at)) OVER answers AS previous,
        countIf(value IS NOT NULL) OVER (answers ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS values_before
    FROM
    (
        -- One row an answer: the newest transform's.
        SELECT dataset, key, ts, known_at, value
        FROM tidemark.point_revisions
        ORDER BY dataset, key, ts, known_at, transform_version DESC
        LIMIT 1 BY dataset, key, ts, known_at
    )
    WINDOW answers AS (PARTITION BY dataset, key, ts ORDER BY known_at)
)
WHERE values_before > 0 AND value IS DISTINCT FROM previous.1
