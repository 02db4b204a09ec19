-- The changes among the polls that are there. What the sink inserts meanwhile comes by the view; a row that comes both ways
-- is one row. A poll that states whether it changed something is believed. Of the others the poll before in the same
-- window decides; a poll that was delivered twice counts once. An emptied window is confirmed by an
-- answer that is kept although it says the same as the empty answer before; one that was refused in between counts as not
-- confirmed. Only what decides is sorted, and on disk: sorting whole rows took 2.6 GB of memory for 10 million polls.
INSERT INTO tidemark.window_states
(
    dataset, selector, window_start, window_end, request_identity, at, outcome, completeness, failures, status, error,
    empty_confirmed, last_changed_at, lane, poller, raw_partition, raw_offset, origin
)
SELECT
    dataset,
    selector,
    window_start,
    window_end,
    request_identity,
    fetched_at,
    outcome,
    completeness,
    failures,
    status,
    error,
    ifNull(ifNull(empty_confirmed, anyLast(confirmed) OVER so_far), false),
    max(ifNull(last_changed_at, if(raw_offset IS NULL AND outcome != 'changed', NULL, fetched_at))) OVER so_far,
    lane,
    poller,
    raw_partition,
    raw_offset,
    origin
FROM
(
    SELECT *, cityHash64(request_identity) AS identity
    FROM tidemark.polls
    WHERE lane != 'files'
        AND match(request_identity, '/\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ/\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$')
        AND NOT match(ifNull(selector, ''), '^rows-\\d+$')
) AS polled
INNER ANY JOIN
(
    SELECT
        identity,
        fetched_at,
        poller,
        -- Null: this poll neither confirms that the window is empty nor says that it is not.
        if(is_empty AND ifNull(good_before != good, true), NULL, is_empty) AS confirmed
    FROM
    (
        SELECT
            *,
            anyLast(good) OVER (polled ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS good_before,
            row_number() OVER polled AS nth,
            lagInFrame((fetched_at, poller)) OVER polled AS key_before,
            lagInFrame(failures) OVER polled AS failures_before,
            lagInFrame(completeness) OVER polled AS completeness_before
        FROM
        (
            SELECT
                cityHash64(request_identity) AS identity,
                fetched_at,
                poller,
                failures,
                completeness,
                changes_state,
                raw_offset IS NOT NULL OR outcome = 'changed' OR failures > 0 AS is_change,
                if(outcome = 'failed', NULL, cityHash64(outcome, ifNull(content_hash, ''))) AS good,
                multiIf(
                    outcome IN ('changed', 'unchanged', 'empty'), CAST(false AS Nullable(Bool)),
                    outcome = 'emptied' AND raw_offset IS NOT NULL, true,
                    NULL
                ) AS is_empty
            FROM tidemark.polls
            WHERE lane != 'files'
                AND match(request_identity, '/\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ/\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$')
                AND NOT match(ifNull(selector, ''), '^rows-\\d+$')
        )
        WINDOW polled AS (PARTITION BY identity ORDER BY fetched_at, poller)
    )
    WHERE ifNull(
        changes_state,
        is_change OR nth = 1 OR failures_before > 0 OR completeness IS DISTINCT FROM completeness_before
    )
        AND (nth = 1 OR key_before != (fetched_at, poller))
) AS changed USING (identity, fetched_at, poller)
WINDOW so_far AS (PARTITION BY dataset, window_start, request_identity ORDER BY fetched_at, poller)
SETTINGS max_bytes_before_external_sort = 268435456, max_bytes_ratio_before_external_sort = 0
