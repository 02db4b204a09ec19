-- What revisions, changes and revision_stats rest on: one row a point and answer that named it, the newest transform's,
-- with what came before it. published_at: when the first value that is not null had become known, before this answer; null
-- where there was none, so a value without published_at is the publication itself. revised: the value differs from the
-- answer's before, and there was a publication. delay_s: seconds since the publication, null where our first sight of
-- the point was a backfill: our first answer of it became known at or after the start of its window. By then delivery
-- had begun, so nobody watched the publication. Name the key or a span of ts.
CREATE OR REPLACE VIEW tidemark.answers AS
SELECT
    dataset,
    key,
    ts,
    before.1 AS previous_value,
    value,
    before.2 AS previous_known_at,
    known_at,
    published_at,
    published_at IS NOT NULL AND value IS DISTINCT FROM before.1 AS revised,
    if(first_sight.1 >= first_sight.2, NULL, dateDiff('millisecond', published_at, known_at) / 1000) AS delay_s,
    raw_partition,
    raw_offset
FROM
(
    SELECT
        dataset,
        key,
        ts,
        value,
        known_at,
        raw_partition,
        raw_offset,
        lagInFrame((value, known_at)) OVER told AS before,
        minOrNullIf(known_at, value IS NOT NULL) OVER (told ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS published_at,
        first_value((known_at, window_start)) OVER told AS first_sight
    FROM
    (
        SELECT dataset, key, ts, known_at, value, window_start, raw_partition, raw_offset
        FROM tidemark.point_revisions
        ORDER BY dataset, key, ts, known_at, transform_version DESC
        LIMIT 1 BY dataset, key, ts, known_at
    )
    WINDOW told AS (PARTITION BY dataset, key, ts ORDER BY known_at)
)
