-- The revisions that became known in a span: changes(since = '2026-11-20 00:00:00', until = '2026-11-21 00:00:00'), UTC,
-- since included, until excluded. The same rows as revisions filtered by known_at, without reading all of history: first
-- the points that any answer of the span named, and those of the windows that it answered, then the history of those; the
-- engine passes both IN down to the table.
-- A point that changed and changed back within the span is two rows, though as_of shows no difference between its ends.
-- The second IN looks redundant; it is what lets the engine pass over parts that hold none of these ts.
CREATE OR REPLACE VIEW tidemark.changes AS
WITH
    answered AS (
        SELECT dataset, identity, window_start, window_end FROM tidemark.stored_answers
        WHERE replaces AND known_at >= {since:DateTime64(3, 'UTC')} AND known_at < {until:DateTime64(3, 'UTC')}
    ),
    touched AS (
        SELECT dataset, key, ts FROM tidemark.point_revisions
        WHERE known_at >= {since:DateTime64(3, 'UTC')} AND known_at < {until:DateTime64(3, 'UTC')}
        UNION DISTINCT
        SELECT dataset, key, ts FROM tidemark.point_revisions
        WHERE known_at < {until:DateTime64(3, 'UTC')}
            AND (dataset, identity) IN (SELECT dataset, identity FROM answered)
            AND ts >= (SELECT min(window_start) FROM answered)
            AND ts < (SELECT max(window_end) FROM answered)
    )
SELECT *
FROM tidemark.revisions
WHERE known_at >= {since:DateTime64(3, 'UTC')} AND known_at < {until:DateTime64(3, 'UTC')}
    AND (dataset, key, ts) IN (SELECT dataset, key, ts FROM touched)
    AND ts IN (SELECT ts FROM touched)
