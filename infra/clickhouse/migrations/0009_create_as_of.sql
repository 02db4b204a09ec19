-- What was known at an instant: as_of(at = '2026-11-20 09:30:00'), UTC, the instant included, one row a point.
-- LIMIT 1 BY and not argMax: argMax of a bare value skips nulls, so a retraction would bring the old value back, and of
-- a tuple it takes twice as long. Filters on dataset, key and ts from outside reach the primary key through it, from
-- ClickHouse 26.7 on. As a query parameter say {at:String} or {at:DateTime64(3, 'UTC')}: a type without its zone is written
-- in the session's zone and read as UTC.
CREATE OR REPLACE VIEW tidemark.as_of AS
SELECT
    dataset,
    key,
    ts,
    value,
    known_at,
    step_s,
    splitByWhitespace(flags) AS flags
FROM tidemark.point_revisions
WHERE known_at <= {at:DateTime64(3, 'UTC')}
ORDER BY dataset, key, ts, known_at DESC, transform_version DESC
LIMIT 1 BY dataset, key, ts
