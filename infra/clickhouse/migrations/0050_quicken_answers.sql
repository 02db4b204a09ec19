-- What revisions, changes and revision_stats rest on: one row a point and answer that named it, the newest transform's,
-- and one row where a value stood and was withdrawn (value null, flag withdrawn, the raw position of the answer that no
-- longer named the point), each with what came before it. published_at: when the first value that is not null had become
-- known, before this row; null where there was none, so a value without published_at is the publication itself. revised:
-- the value differs from the row's before, and there was a publication. delay_s: seconds since the publication, null where
-- our first sight of the point was a backfill: our first answer of it became known at or after the start of its window. By
-- then delivery had begun, so nobody watched the publication. Name the key or a span of ts.
-- A row of a point ends when a newer row of the point begins, or, before that, when an answer of its request identity
-- became known that did not name the point: the ASOF join finds the first one.
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
    raw_offset,
    if(withdraws, ['withdrawn'], splitByWhitespace(flags)) AS flags
FROM
(
    SELECT
        dataset,
        key,
        ts,
        event.1 AS known_at,
        event.2 AS value,
        event.3 AS raw_partition,
        event.4 AS raw_offset,
        event.5 AS withdraws,
        flags,
        lagInFrame((event.2, event.1)) OVER told AS before,
        minOrNullIf(event.1, event.2 IS NOT NULL) OVER (told ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS published_at,
        first_value((event.1, window_start)) OVER told AS first_sight
    FROM
    (
        SELECT
            named.dataset AS dataset,
            named.key AS key,
            named.ts AS ts,
            named.window_start AS window_start,
            named.flags AS flags,
            arrayJoin(multiIf(
                next.version = 0 OR next.known_at >= named.next_known_at OR (named.value IS NULL AND next.known_at != named.known_at),
                [(named.known_at, named.value, named.raw_partition, named.raw_offset, false)],
                next.known_at = named.known_at,
                [(next.known_at, CAST(NULL AS Nullable(Float64)), next.raw_partition, next.raw_offset, true)],
                [
                    (named.known_at, named.value, named.raw_partition, named.raw_offset, false),
                    (next.known_at, CAST(NULL AS Nullable(Float64)), next.raw_partition, next.raw_offset, true)
                ]
            )) AS event
        FROM
        (
            SELECT
                dataset,
                key,
                ts,
                known_at,
                value,
                window_start,
                raw_partition,
                raw_offset,
                flags,
                identity,
                toUInt64(toUnixTimestamp64Milli(known_at)) * 4096 + transform_version AS version,
                leadInFrame(known_at, 1, toDateTime64('2299-12-31 00:00:00', 3, 'UTC')) OVER (
                    PARTITION BY dataset, key, ts ORDER BY known_at ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
                ) AS next_known_at
            FROM
            (
                SELECT dataset, key, ts, known_at, value, window_start, raw_partition, raw_offset, flags, identity, transform_version
                FROM tidemark.point_revisions
                ORDER BY dataset, key, ts, known_at, transform_version DESC, identity DESC
                LIMIT 1 BY dataset, key, ts, known_at
            )
        ) AS named
        ASOF LEFT JOIN
        (
            SELECT
                dataset,
                identity,
                known_at,
                raw_partition,
                raw_offset,
                version
            FROM tidemark.stored_answers
            WHERE replaces
        ) AS next ON named.dataset = next.dataset AND named.identity = next.identity AND named.version < next.version
    )
    WINDOW told AS (PARTITION BY dataset, key, ts ORDER BY event.1)
)
WHERE NOT (withdraws AND before.1 IS NULL)
