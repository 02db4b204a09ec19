-- Keys that a newer answer of their window no longer names: latest still shows what they last said. Every changed answer
-- names all its keys anew, so an older known_at within the window is the sign; a newer transform of the same answer
-- counts as newer. Name a dataset and a window_start where the store is large.
CREATE OR REPLACE VIEW tidemark.withdrawn AS
SELECT
    dataset,
    key,
    window_start,
    window_end,
    named.1 AS known_at,
    newest.1 AS window_known_at
FROM
(
    SELECT
        dataset,
        key,
        window_start,
        window_end,
        max((known_at, transform_version)) AS named,
        max(named) OVER (PARTITION BY dataset, window_start, window_end) AS newest
    FROM tidemark.point_revisions
    GROUP BY dataset, key, window_start, window_end
)
WHERE named < newest
