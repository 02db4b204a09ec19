-- What was known at an instant: as_of(at = '2026-11-20 09:30:00'), UTC, the instant included, one row a point: what the
-- newest answer of its window by then says, as in latest.
-- LIMIT 1 BY and not argMax: argMax of a bare value skips nulls, so a retraction would bring the old value back, and of
-- a tuple it takes twice as long. Filters on dataset, key and ts from outside reach the primary keys through it, from
-- ClickHouse 26.7 on. As a query parameter say {at:String} or {at:DateTime64(3, 'UTC')}: a type without its zone is written
-- in the session's zone and read as UTC.
-- The newest answer by then is never older than the row that names the point, so greatest() is the known_at of the state.
CREATE OR REPLACE VIEW tidemark.as_of AS
SELECT
    named.dataset AS dataset,
    named.key AS key,
    named.ts AS ts,
    if(newest.version > named.version AS is_withdrawn, NULL, named.value) AS value,
    greatest(named.known_at, newest.known_at) AS known_at,
    named.step_s AS step_s,
    if(is_withdrawn, ['withdrawn'], splitByWhitespace(named.flags)) AS flags
FROM
(
    SELECT
        dataset,
        key,
        ts,
        value,
        known_at,
        step_s,
        flags,
        identity,
        toUInt64(toUnixTimestamp64Milli(known_at)) * 4096 + transform_version AS version
    FROM tidemark.point_revisions
    WHERE known_at <= {at:DateTime64(3, 'UTC')}
    ORDER BY dataset, key, ts, known_at DESC, transform_version DESC, identity DESC
    LIMIT 1 BY dataset, key, ts
) AS named
LEFT ANY JOIN
(
    SELECT dataset, identity, max(answer.version) AS version, max(answer.known_at) AS known_at
    FROM tidemark.stored_answers AS answer
    WHERE replaces AND answer.known_at <= {at:DateTime64(3, 'UTC')}
    GROUP BY dataset, identity
) AS newest ON named.dataset = newest.dataset AND named.identity = newest.identity
