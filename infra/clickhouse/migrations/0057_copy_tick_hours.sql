-- The ticks among the polls that are there. What the sink inserts meanwhile comes by the view; a tick that comes both ways
-- counts once.
INSERT INTO tidemark.tick_hours (dataset, selector, hour, asked, good, partial, failed, failures, late)
SELECT
    dataset,
    selector,
    toStartOfHour(toDateTime(window_start, 'UTC')) AS hour,
    groupBitmapStateIf(second, NOT is_late) AS asked,
    groupBitmapStateIf(second, is_good AND NOT is_late) AS good,
    groupBitmapStateIf(second, is_good AND is_partial AND NOT is_late) AS partial,
    groupBitmapStateIf(second, is_bad AND NOT is_late) AS failed,
    groupUniqArrayStateIf(
        CAST((second, fetched_at, outcome, status, error), 'Tuple(second UInt16, at DateTime64(3, \'UTC\'), outcome String, status Nullable(UInt16), error Nullable(String))'),
        is_bad
    ) AS failures,
    groupUniqArrayStateIf(
        CAST((second, fetched_at, is_good, is_good AND is_partial, is_bad), 'Tuple(second UInt16, at DateTime64(3, \'UTC\'), is_good Bool, is_partial Bool, is_bad Bool)'),
        is_late
    ) AS late
FROM
(
    SELECT
        *,
        toUInt16(toUnixTimestamp(toDateTime(window_start, 'UTC')) % 3600) AS second,
        outcome IN ('changed', 'unchanged') AND ifNull(completeness IN ('complete', 'partial'), false) AS is_good,
        ifNull(completeness = 'partial', false) AS is_partial,
        outcome IN ('failed', 'refused', 'unreadable') AS is_bad,
        fetched_at > window_end AS is_late
    FROM tidemark.polls
    WHERE lane != 'files'
        AND NOT match(request_identity, '/\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ/\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$')
)
GROUP BY dataset, selector, hour
SETTINGS max_bytes_before_external_group_by = 134217728, max_bytes_ratio_before_external_group_by = 0
