-- The revisions that became known in a span: changes(since = '2026-11-20 00:00:00', until = '2026-11-21 00:00:00'), UTC,
-- since included, until excluded. The same rows as revisions filtered by known_at, without reading all of history: first
-- the points that any answer of the span named, and those of the windows that it answered, then the history of those; the
-- engine passes both IN down to the table. Which points these are, known_slices says.
-- A point that changed and changed back within the span is two rows, though as_of shows no difference between its ends.
-- The second IN looks redundant; it is what lets the engine pass over parts that hold none of these ts.
CREATE OR REPLACE VIEW tidemark.changes AS
WITH
    answered AS (
        SELECT dataset, identity FROM tidemark.stored_answers
        WHERE replaces AND known_at >= {since:DateTime64(3, 'UTC')} AND known_at < {until:DateTime64(3, 'UTC')}
    ),
    touched AS (
        SELECT dataset, arrayJoin(keys) AS key, start + step_s * arrayJoin(range(points)) AS ts
        FROM
        (
            SELECT dataset, start, step_s, points, keys FROM tidemark.known_slices
            WHERE known_at >= {since:DateTime64(3, 'UTC')} AND known_at < {until:DateTime64(3, 'UTC')}
            UNION DISTINCT
            SELECT dataset, start, step_s, points, keys FROM tidemark.known_slices
            WHERE known_at < {until:DateTime64(3, 'UTC')} AND (dataset, identity) IN (SELECT dataset, identity FROM answered)
        )
    )
SELECT *
FROM tidemark.revisions
WHERE known_at >= {since:DateTime64(3, 'UTC')} AND known_at < {until:DateTime64(3, 'UTC')}
    AND (dataset, key, ts) IN (SELECT dataset, key, ts FROM touched)
    AND ts IN (SELECT ts FROM touched)
