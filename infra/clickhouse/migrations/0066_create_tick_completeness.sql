-- What had become of the ticks of each hour by an instant, for hours that end after `from`:
-- tick_completeness(at = '2026-11-20 10:30:00', from = '2026-11-19 00:00:00'), UTC. completeness reads it. A tick is judged
-- once its interval is over: until then an answer may come. An answer that comes later counts from then on. A row is the
-- part of an hour in which ticks were expected.
-- Most hours expect the same seconds, so the bitmap of these is built once for all of them.
CREATE OR REPLACE VIEW tidemark.tick_completeness AS
SELECT
    hours.dataset AS dataset,
    nullIf(hours.selector_text, '') AS selector,
    hours.window_start AS window_start,
    hours.window_end AS window_end,
    concat(hours.dataset, if(hours.selector_text = '', '', '/'), hours.selector_text) AS request_identity,
    multiIf(
        schedule.dataset = '', 'unknown',
        hours.window_end <= schedule.deleted_before, 'deleted',
        judged = 0, 'not-yet-due',
        lost > 0, 'lost',
        partial > 0, 'partial',
        'complete'
    ) AS class,
    multiIf(
        class NOT IN ('lost', 'partial'), NULL,
        lost > 0 AND bitmapAndCardinality(lost_ticks, hours.asked) = 0, 'ours-not-asked',
        lost > 0 AND bitmapAndCardinality(lost_ticks, hours.failed) > 0 AND failure.4 IS NULL, 'upstream-unreachable',
        lost > 0 AND bitmapAndCardinality(lost_ticks, hours.failed) > 0, 'upstream-refused',
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
        class = 'deleted', schedule.deleted_at,
        class = 'lost', toDateTime64(hours.hour + bitmapMin(lost_ticks), 3, 'UTC'),
        class IN ('complete', 'partial'), hours.window_start,
        NULL
    ) AS since,
    bitmapCardinality(hours.expected) AS judged,
    bitmapAndCardinality(hours.expected, hours.good) AS good,
    bitmapAndCardinality(hours.expected, hours.partial) AS partial,
    judged - good AS lost,
    bitmapAndnot(hours.expected, hours.good) AS lost_ticks,
    arraySort(each -> each.2, arrayFilter(each -> bitmapContains(lost_ticks, each.1), hours.failures))[-1] AS failure
FROM
(
    SELECT
        dataset,
        selector_text,
        hour,
        assumeNotNull(max(starts)) AS window_start,
        assumeNotNull(max(ends)) AS window_end,
        groupBitmapMergeState(expected) AS expected,
        groupBitmapMergeState(asked) AS asked,
        groupBitmapMergeState(good) AS good,
        groupBitmapMergeState(partial) AS partial,
        groupBitmapMergeState(failed) AS failed,
        groupArrayArray(failures) AS failures
    FROM
    (
        SELECT
            dataset,
            slot.1 AS selector_text,
            slot.2 AS hour,
            toNullable(slot.3) AS starts,
            toNullable(slot.4) AS ends,
            expected,
            bitmapBuild(CAST([], 'Array(UInt16)')) AS asked,
            asked AS good,
            asked AS partial,
            asked AS failed,
            CAST([], 'Array(Tuple(second UInt16, at DateTime64(3, \'UTC\'), outcome String, status Nullable(UInt16), error Nullable(String)))') AS failures
        FROM
        (
            SELECT
                dataset,
                bitmapBuild(CAST(
                    arrayDistinct(arrayFlatten(arrayMap(part -> range(part.1, part.2, part.3), parts))), 'Array(UInt16)'
                )) AS expected,
                arrayJoin(groupArray((selector_text, hour, starts, ends))) AS slot
            FROM
            (
                SELECT
                    dataset,
                    substring(request_identity, length(dataset) + 2) AS selector_text,
                    hour,
                    toDateTime64(min(greatest(hour, start_s)), 3, 'UTC') AS starts,
                    toDateTime64(max(least(hour + 3600, end_s)), 3, 'UTC') AS ends,
                    groupArray((first, greatest(first, until), every)) AS parts
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
            )
            GROUP BY dataset, parts
        )
        WHERE ends > {from:DateTime64(3, 'UTC')}
        UNION ALL
        SELECT
            dataset,
            ifNull(selector, ''),
            toInt64(toUnixTimestamp(hour)),
            NULL,
            NULL,
            bitmapBuild(CAST([], 'Array(UInt16)')),
            bitmapOr(asked, bitmapBuild(arrayMap(each -> each.1, come))),
            bitmapOr(good, bitmapBuild(arrayMap(each -> each.1, arrayFilter(each -> each.3, come)))),
            bitmapOr(partial, bitmapBuild(arrayMap(each -> each.1, arrayFilter(each -> each.4, come)))),
            bitmapOr(failed, bitmapBuild(arrayMap(each -> each.1, arrayFilter(each -> each.5, come)))),
            arrayFilter(each -> each.2 <= {at:DateTime64(3, 'UTC')}, finalizeAggregation(failures))
        FROM
        (
            SELECT *, arrayFilter(each -> each.2 <= {at:DateTime64(3, 'UTC')}, finalizeAggregation(late)) AS come
            FROM tidemark.tick_hours
        )
        WHERE hour >= toStartOfHour(toDateTime({from:DateTime64(3, 'UTC')}, 'UTC'))
    )
    GROUP BY dataset, selector_text, hour
    HAVING max(starts) IS NOT NULL
) AS hours
LEFT ANY JOIN
(
    SELECT log.dataset AS dataset, deletion.before AS deleted_before, deletion.at AS deleted_at
    FROM
    (
        SELECT DISTINCT dataset FROM tidemark.schedule_log
        WHERE at <= {at:DateTime64(3, 'UTC')}
    ) AS log
    LEFT ANY JOIN
    (
        SELECT dataset, max(row.before) AS before, argMax(row.at, row.before) AS at
        FROM tidemark.deletions AS row
        WHERE row.at <= {at:DateTime64(3, 'UTC')}
        GROUP BY dataset
    ) AS deletion ON log.dataset = deletion.dataset
) AS schedule ON hours.dataset = schedule.dataset
SETTINGS optimize_and_compare_chain = 0
