-- The ticks among the polls that are there. What the sink inserts meanwhile comes by the view; a tick that comes both ways
-- counts once.
INSERT INTO tidemark.tick_hours (dataset, selector, hour, asked, good, partial, failed, failures)
SELECT
    dataset,
    selector,
    toStartOfHour(toDateTime(window_start, 'UTC')) AS hour,
    groupBitmapState(second) AS asked,
    groupBitmapStateIf(second, is_good) AS good,
    groupBitmapStateIf(second, is_good AND completeness = 'partial') AS partial,
    groupBitmapStateIf(second, is_bad) AS failed,
    groupUniqArrayStateIf(
        CAST((second, fetched_at, outcome, status, error), 'Tuple(second UInt16, at DateTime64(3, \'UTC\'), outcome String, status Nullable(UInt16), error Nullable(String))'),
        is_bad
    ) AS failures
FROM
(
    SELECT
        *,
        toUInt16(toUnixTimestamp(toDateTime(window_start, 'UTC')) % 3600) AS second,
        outcome IN ('changed', 'unchanged') AND ifNull(completeness IN ('complete', 'partial'), false) AS is_good,
        outcome IN ('failed', 'refused', 'unreadable') AS is_bad
    FROM tidemark.polls
    WHERE lane != 'files'
        AND NOT match(request_identity, '/\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ/\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$')
)
GROUP BY dataset, selector, hour
SETTINGS max_bytes_before_external_group_by = 134217728, max_bytes_ratio_before_external_group_by = 0
