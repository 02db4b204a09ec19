-- What had become of the ticks of each hour by an instant, for hours that end after `from`:
-- tick_completeness(at = '2026-11-20 10:30:00', from = '2026-11-19 00:00:00'), UTC. completeness reads it. A tick is judged
-- once its interval is over: until then an answer may come. An answer that comes later counts from then on. A row is the part of an hour in which ticks were expected.
CREATE OR REPLACE VIEW tidemark.tick_completeness AS
SELECT
    slot.dataset AS dataset,
    slot.selector AS selector,
    slot.window_start AS window_start,
    slot.window_end AS window_end,
    slot.request_identity AS request_identity,
    multiIf(
        schedule.dataset = '', 'unknown',
        slot.window_end <= deletion.before, 'deleted',
        judged = 0, 'not-yet-due',
        lost > 0, 'lost',
        partial > 0, 'partial',
        'complete'
    ) AS class,
    multiIf(
        class NOT IN ('lost', 'partial'), NULL,
        lost > 0 AND bitmapAndCardinality(lost_ticks, ticks.asked) = 0, 'ours-not-asked',
        lost > 0 AND bitmapAndCardinality(lost_ticks, ticks.failed) > 0 AND failure.4 IS NULL, 'upstream-unreachable',
        lost > 0 AND bitmapAndCardinality(lost_ticks, ticks.failed) > 0, 'upstream-refused',
        'upstream-empty'
    ) AS cause,
    multiIf(
        cause IS NULL, NULL,
        lost = 0, concat(toString(partial), ' of ', toString(judged), ' ticks are partial'),
        concat(
            toString(lost), ' of ', toString(judged), ' ticks are lost',
            multiIf(
                cause = 'ours-not-asked', ': no request was sent',
                cause = 'upstream-empty', ': the answers had no rows',
                concat(
                    ': ',
                    if(failure.4 IS NULL, '', concat('HTTP ', toString(assumeNotNull(failure.4)), ': ')),
                    ifNull(failure.5, failure.3)
                )
            )
        )
    ) AS detail,
    multiIf(
        class = 'deleted', deletion.at,
        class = 'lost', toDateTime64(slot.hour + bitmapMin(lost_ticks), 3, 'UTC'),
        class IN ('complete', 'partial'), slot.window_start,
        NULL
    ) AS since,
    slot.judged AS judged,
    bitmapAndCardinality(slot.expected, ticks.good) AS good,
    bitmapAndCardinality(slot.expected, ticks.partial) AS partial,
    bitmapAndnot(slot.expected, ticks.good) AS lost_ticks,
    arraySort(each -> each.2, arrayFilter(each -> bitmapContains(lost_ticks, each.1), ticks.failures))[-1] AS failure,
    bitmapCardinality(lost_ticks) AS lost
FROM
(
    SELECT
        dataset,
        request_identity,
        nullIf(substring(request_identity, length(dataset) + 2), '') AS selector,
        hour,
        toDateTime64(min(greatest(hour, start_s)), 3, 'UTC') AS window_start,
        toDateTime64(max(least(hour + 3600, end_s)), 3, 'UTC') AS window_end,
        bitmapBuild(CAST(arrayDistinct(arrayFlatten(groupArray(range(first, greatest(first, until), every)))), 'Array(UInt16)')) AS expected,
        bitmapCardinality(expected) AS judged
    FROM
    (
        SELECT
            dataset,
            request_identity,
            every,
            start_s,
            end_s,
            arrayJoin(range(start_s - start_s % 3600, least(end_s, greatest(start_s, at_s + 1)), 3600)) AS hour,
            start_s + intDiv(greatest(0, hour - start_s) + every - 1, every) * every - hour AS first,
            least(end_s, hour + 3600, at_s - every + 1) - hour AS until
        FROM
        (
            SELECT
                dataset,
                request_identity,
                toInt64(assumeNotNull(every_s)) AS every,
                toInt64(toUnixTimestamp(toDateTime(window_start, 'UTC'))) AS start_s,
                toInt64(toUnixTimestamp(toDateTime(window_end, 'UTC'))) AS end_s,
                toInt64(toUnixTimestamp(toDateTime({at:DateTime64(3, 'UTC')}, 'UTC'))) AS at_s
            FROM tidemark.expected_windows
            WHERE every_s IS NOT NULL
                AND declared_at <= {at:DateTime64(3, 'UTC')}
                AND window_start > {from:DateTime64(3, 'UTC')} - INTERVAL 2 DAY
            ORDER BY dataset, window_start, request_identity, declared_at DESC
            LIMIT 1 BY dataset, window_start, request_identity
        )
        WHERE end_s > start_s
    )
    GROUP BY dataset, request_identity, hour
) AS slot
LEFT ANY JOIN
(
    SELECT
        dataset,
        of,
        start_s,
        bitmapOr(asked_in_time, bitmapBuild(come.second)) AS asked,
        bitmapOr(good_in_time, bitmapBuild(arrayFilter((second, is_of) -> is_of, come.second, come.is_good))) AS good,
        bitmapOr(partial_in_time, bitmapBuild(arrayFilter((second, is_of) -> is_of, come.second, come.is_partial))) AS partial,
        bitmapOr(failed_in_time, bitmapBuild(arrayFilter((second, is_of) -> is_of, come.second, come.is_bad))) AS failed,
        arrayFilter(each -> each.2 <= {at:DateTime64(3, 'UTC')}, all_failures) AS failures
    FROM
    (
        SELECT
            dataset,
            ifNull(selector, '') AS of,
            toInt64(toUnixTimestamp(hour)) AS start_s,
            groupBitmapMergeState(asked) AS asked_in_time,
            groupBitmapMergeState(good) AS good_in_time,
            groupBitmapMergeState(partial) AS partial_in_time,
            groupBitmapMergeState(failed) AS failed_in_time,
            groupUniqArrayMerge(failures) AS all_failures,
            arrayFilter(each -> each.2 <= {at:DateTime64(3, 'UTC')}, groupUniqArrayMerge(late)) AS come
        FROM tidemark.tick_hours
        WHERE hour >= toStartOfHour(toDateTime({from:DateTime64(3, 'UTC')}, 'UTC'))
        GROUP BY dataset, of, start_s
    )
) AS ticks ON slot.dataset = ticks.dataset AND ifNull(slot.selector, '') = ticks.of AND slot.hour = ticks.start_s
LEFT ANY JOIN
(
    SELECT * FROM tidemark.schedule_log
    WHERE at <= {at:DateTime64(3, 'UTC')}
    ORDER BY dataset, at DESC
    LIMIT 1 BY dataset
) AS schedule ON slot.dataset = schedule.dataset
LEFT ANY JOIN
(
    SELECT dataset, max(row.before) AS before, argMax(row.at, row.before) AS at
    FROM tidemark.deletions AS row
    WHERE row.at <= {at:DateTime64(3, 'UTC')}
    GROUP BY dataset
) AS deletion ON slot.dataset = deletion.dataset
WHERE slot.window_end > {from:DateTime64(3, 'UTC')}
SETTINGS optimize_and_compare_chain = 0
