-- What was known at an instant: as_of(at = '2026-11-20 09:30:00'), UTC, included. The tuple keeps nulls: argMax of a
-- bare value skips them, and a retraction would bring the old value back.
CREATE OR REPLACE VIEW tidemark.as_of AS
SELECT
    dataset,
    key,
    ts,
    newest.1 AS value,
    newest.2 AS known_at,
    newest.3 AS step_s,
    newest.4 AS flags
FROM
(
    SELECT
        dataset,
        key,
        ts,
        argMax((value, known_at, step_s, flags), (known_at, transform_version)) AS newest
    FROM tidemark.point_revisions
    WHERE known_at <= {at:DateTime64(3, 'UTC')}
    GROUP BY dataset, key, ts
)
