-- What had become of each window of days, hours or months by an instant: those that end after `from`:
-- window_completeness(at = '2026-11-20 10:30:00', from = '2026-10-20 00:00:00'), UTC. completeness reads it and adds ticks;
-- docs/completeness.md says what the columns mean. A filter on dataset reaches the primary keys. usual_of: the keys of the
-- last 14 complete windows, which lie within 500 days before `from`. content: the newest state that says complete, partial
-- or confirmed empty, and whose answer is in the store. An empty answer that is not confirmed, a refusal and a failure leave
-- it as it was. In raw lies the newest answer that any state until then names, also where a later state names an older one:
-- from the first state on whose answer is not in the store, no state counts. A state from before answers were recorded
-- counts as stored. What was stored later than `at` is not there at `at`.
-- Tuples are slow to aggregate, so each fact of a window is a column that is null in the rows of other facts.
CREATE OR REPLACE VIEW tidemark.window_completeness AS
SELECT
    dataset,
    selector,
    window_start,
    window_end,
    request_identity,
    class,
    cause,
    multiIf(
        cause IS NULL, NULL,
        cause IN ('ours-parked', 'ours-dead-letter'), concat(letter_reason, ': ', letter_message),
        cause = 'ours-lag', 'the answer is on the raw topic, and not yet in the store',
        cause = 'ours-not-asked', multiIf(
            is_known AND NOT is_owned, 'no poller owns the host',
            is_paused, concat('paused until ', formatDateTime(assumeNotNull(paused_until), '%F %TZ'), ': ', ifNull(pause_reason, '')),
            waiting_for_budget > 0, 'the request budget of the host is used up',
            'no request was sent'
        ),
        cause IN ('upstream-unreachable', 'upstream-refused'), concat(
            if(newest.4 IS NULL, '', concat('HTTP ', toString(assumeNotNull(newest.4)), ': ')),
            ifNull(newest.5, newest.3)
        ),
        is_short, concat(toString(assumeNotNull(keys)), ' keys, usually ', toString(usual)),
        class = 'partial', 'the answer lacks rows or values',
        'the answer has no rows'
    ) AS detail,
    multiIf(
        class = 'deleted', deleted_at,
        class = 'not-collected', scheduled_at,
        class IN ('complete', 'retracted', 'partial'), content_since,
        class = 'late', late_after,
        class = 'not-yet-due', declared_at,
        NULL
    ) AS since,
    multiIf(
        expected_by IS NULL, NULL,
        class IN ('late', 'partial'), greatest(0, dateDiff('second', assumeNotNull(expected_by), {at:DateTime64(3, 'UTC')})),
        class = 'complete', greatest(0, dateDiff('second', assumeNotNull(expected_by), first_complete_at)),
        NULL
    ) AS lateness_s,
    expected_by,
    late_after,
    why,
    ifNull(declared_at < greatest(window_end, ifNull(expected_by, window_end)), false) AS is_watched,
    points,
    steps * nullIf(usual, 0) AS expected_points,
    keys,
    nullIf(usual, 0) AS usual_keys,
    if(known_at > first_known_at, known_at, NULL) AS last_revised_at,
    raw_partition,
    raw_offset
FROM
(
    SELECT
        *,
        toUInt32(if(keys_vary OR empty(usual_of), 0, arrayReduce('quantileExactLow(0.5)', usual_of))) AS usual,
        content = 'complete' AND length(usual_of) >= 3 AND ifNull(keys > 0 AND keys * 2 < usual, false) AS is_short,
        multiIf(
            schedule = '', 'unknown',
            ifNull(window_end <= history_begins, false), 'before-history',
            window_end <= deleted_before, 'deleted',
            content = '' AND (schedule = 'off' OR (empty(states) AND NOT is_wanted)), 'not-collected',
            content = 'complete' AND NOT is_short, 'complete',
            content = 'confirmed empty', 'retracted',
            content != '', 'partial',
            ifNull(late_after <= {at:DateTime64(3, 'UTC')}, false), 'late',
            'not-yet-due'
        ) AS class,
        multiIf(
            class NOT IN ('late', 'partial'), NULL,
            letter_at > content_at AND letter_reason = 'parked', 'ours-parked',
            letter_at > content_at, 'ours-dead-letter',
            is_pending, 'ours-lag',
            empty(states) OR (is_known AND (NOT is_owned OR is_paused)), 'ours-not-asked',
            newest.3 = 'failed' AND newest.4 IS NULL, 'upstream-unreachable',
            newest.3 IN ('failed', 'refused', 'unreadable'), 'upstream-refused',
            'upstream-empty'
        ) AS cause
    FROM
    (
        SELECT
            *,
            groupArrayLastIf(14)(assumeNotNull(keys), content = 'complete' AND ifNull(keys > 0, false)) OVER (
                PARTITION BY dataset, selector ORDER BY window_start ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
            ) AS usual_of
        FROM
        (
            SELECT
                * EXCEPT (contents),
                contents[-1].1 AS content_at,
                contents[-1].2 AS content,
                contents[1 + arrayLastIndex(state -> state.2 != content, contents)].1 AS content_since,
                arrayFirst(state -> state.2 = 'complete', contents).1 AS first_complete_at,
                arrayExists(state -> state.2 != '' AND state.1 > content_at, states) AS is_pending,
                states[-1] AS newest
            FROM
            (
                SELECT
                    fact.dataset AS dataset,
                    nullIf(substring(
                        fact.request_identity, length(fact.dataset) + 2,
                        greatest(0, length(fact.request_identity) - length(fact.dataset) - length('//2026-11-20T10:30:00Z/2026-11-20T10:30:00Z'))
                    ), '') AS selector,
                    fact.window_start AS window_start,
                    fact.window_end AS window_end,
                    fact.request_identity AS request_identity,
                    fact.declared_at AS declared_at,
                    fact.expected_by AS expected_by,
                    fact.late_after AS late_after,
                    fact.why AS why,
                    fact.steps AS steps,
                    fact.known_at AS known_at,
                    fact.first_known_at AS first_known_at,
                    fact.points AS points,
                    fact.keys AS keys,
                    fact.raw_partition AS raw_partition,
                    fact.raw_offset AS raw_offset,
                    fact.letter_at AS letter_at,
                    fact.letter_reason AS letter_reason,
                    fact.letter_message AS letter_message,
                    fact.states AS states,
                    greatest(ifNull(fact.known_at, toDateTime64(0, 3, 'UTC')) + INTERVAL 1 MILLISECOND, collected.answers_begin) AS not_stored_from,
                    arrayFirstIndex(state -> ifNull(state.6 >= not_stored_from, false), states) AS first_not_stored,
                    arrayFilter(
                        state -> state.2 != '',
                        if(first_not_stored = 0, states, arraySlice(states, 1, first_not_stored - 1))
                    ) AS contents,
                    collected.schedule AS schedule,
                    collected.at AS scheduled_at,
                    collected.keys_vary AS keys_vary,
                    collected.history_begins AS history_begins,
                    collected.schedule = 'auto' AND fact.declared_at IS NOT NULL
                        AND (selector IS NULL OR has(collected.selectors, assumeNotNull(selector))) AS is_wanted,
                    collected.deleted_before AS deleted_before,
                    collected.deleted_at AS deleted_at,
                    collected.is_known AS is_known,
                    collected.is_owned AS is_owned,
                    collected.paused_until AS paused_until,
                    collected.pause_reason AS pause_reason,
                    collected.waiting_for_budget AS waiting_for_budget,
                    ifNull(collected.paused_until > {at:DateTime64(3, 'UTC')}, false) AS is_paused
                FROM
                (
                    SELECT
                        dataset,
                        window_start,
                        window_end,
                        request_identity,
                        max(row.declared_at) AS declared_at,
                        max(row.expected_by) AS expected_by,
                        max(row.late_after) AS late_after,
                        max(row.why) AS why,
                        max(row.steps) AS steps,
                        arraySort(groupArrayIf(row.state, row.has_state)) AS states,
                        max(row.known_at) AS known_at,
                        min(row.first_known_at) AS first_known_at,
                        sum(row.points) AS points,
                        max(row.keys) AS keys,
                        argMax(row.raw_partition, row.known_at) AS raw_partition,
                        argMax(row.raw_offset, row.known_at) AS raw_offset,
                        max(row.letter_at) AS letter_at,
                        max(row.letter_reason) AS letter_reason,
                        max(row.letter_message) AS letter_message
                    FROM
                    (
                        SELECT
                            dataset, window_start, window_end, request_identity,
                            toNullable(declared_at) AS declared_at, expected_by, late_after, why, steps,
                            false AS has_state,
                            CAST((0, 0, '', NULL, NULL, NULL), 'Tuple(DateTime64(3, \'UTC\'), Enum8(\'\' = 0, \'complete\' = 1, \'confirmed empty\' = 2, \'partial\' = 3), LowCardinality(String), Nullable(UInt16), Nullable(String), Nullable(DateTime64(3, \'UTC\')))') AS state,
                            NULL AS known_at, NULL AS first_known_at, NULL AS points, NULL AS keys, NULL AS raw_partition, NULL AS raw_offset,
                            NULL AS letter_at, NULL AS letter_reason, NULL AS letter_message
                        FROM
                        (
                            SELECT * FROM tidemark.expected_windows
                            WHERE every_s IS NULL AND declared_at <= {at:DateTime64(3, 'UTC')}
                                AND window_start >= {from:DateTime64(3, 'UTC')} - INTERVAL 500 DAY
                            ORDER BY dataset, window_start, request_identity, declared_at DESC
                            LIMIT 1 BY dataset, window_start, request_identity
                        )
                        UNION ALL
                        SELECT
                            dataset, window_start, window_end, request_identity,
                            NULL, NULL, NULL, NULL, NULL,
                            true,
                            (
                                at,
                                CAST(multiIf(
                                    completeness = 'complete', 1, completeness = 'empty' AND empty_confirmed, 2, completeness = 'partial', 3, 0
                                ), 'Enum8(\'\' = 0, \'complete\' = 1, \'confirmed empty\' = 2, \'partial\' = 3)'),
                                outcome, status, error, last_changed_at
                            ),
                            NULL, NULL, NULL, NULL, NULL, NULL,
                            NULL, NULL, NULL
                        FROM tidemark.window_states
                        WHERE at <= {at:DateTime64(3, 'UTC')}
                            AND window_start >= {from:DateTime64(3, 'UTC')} - INTERVAL 500 DAY
                        UNION ALL
                        SELECT
                            dataset, any(answer.window_start), any(answer.window_end),
                            if(
                                position(any(answer.request_identity) AS page_identity, '/rows-') = 0,
                                page_identity,
                                replaceRegexpOne(page_identity, '/rows-\\d+/', '/')
                            ),
                            NULL, NULL, NULL, NULL, NULL,
                            false,
                            CAST((0, 0, '', NULL, NULL, NULL), 'Tuple(DateTime64(3, \'UTC\'), Enum8(\'\' = 0, \'complete\' = 1, \'confirmed empty\' = 2, \'partial\' = 3), LowCardinality(String), Nullable(UInt16), Nullable(String), Nullable(DateTime64(3, \'UTC\')))'),
                            max(answer.known_at),
                            min(answer.known_at),
                            argMax(answer.points, answer.version),
                            argMax(answer.keys, answer.version),
                            argMax(answer.raw_partition, answer.version),
                            argMax(answer.raw_offset, answer.version),
                            NULL, NULL, NULL
                        FROM tidemark.stored_answers AS answer
                        WHERE replaces AND answer.known_at <= {at:DateTime64(3, 'UTC')}
                            AND stored_at <= {at:DateTime64(3, 'UTC')}
                            AND window_start >= {from:DateTime64(3, 'UTC')} - INTERVAL 500 DAY
                        GROUP BY dataset, identity
                        UNION ALL
                        SELECT
                            assumeNotNull(dataset), window[1], window[2], window_identity,
                            NULL, NULL, NULL, NULL, NULL,
                            false,
                            CAST((0, 0, '', NULL, NULL, NULL), 'Tuple(DateTime64(3, \'UTC\'), Enum8(\'\' = 0, \'complete\' = 1, \'confirmed empty\' = 2, \'partial\' = 3), LowCardinality(String), Nullable(UInt16), Nullable(String), Nullable(DateTime64(3, \'UTC\')))'),
                            NULL, NULL, NULL, NULL, NULL, NULL,
                            at, reason, message
                        FROM
                        (
                            SELECT
                                dataset,
                                at,
                                reason,
                                message,
                                replaceRegexpOne(assumeNotNull(request_identity), '/rows-\\d+/', '/') AS window_identity,
                                arrayMap(
                                    text -> parseDateTime64BestEffort(text, 3, 'UTC'),
                                    extractAll(window_identity, '/(\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ)')
                                ) AS window
                            FROM tidemark.dead_letters
                            WHERE at <= {at:DateTime64(3, 'UTC')} AND ifNull(resolved_at > {at:DateTime64(3, 'UTC')}, true)
                                AND dataset IS NOT NULL AND request_identity IS NOT NULL
                            ORDER BY at DESC
                            LIMIT 1 BY dataset, window_identity
                        )
                        WHERE length(window) = 2
                    ) AS row
                    GROUP BY dataset, window_start, window_end, request_identity
                ) AS fact
                LEFT ANY JOIN
                (
                    SELECT
                        log.dataset AS dataset,
                        log.at AS at,
                        log.schedule AS schedule,
                        log.selectors AS selectors,
                        log.history_begins AS history_begins,
                        log.keys_vary AS keys_vary,
                        answers.begin AS answers_begin,
                        deletion.before AS deleted_before,
                        deletion.at AS deleted_at,
                        heard.host != '' AS is_known,
                        owner.is_owned AS is_owned,
                        owner.newest.1 AS paused_until,
                        owner.newest.2 AS pause_reason,
                        owner.newest.3 AS waiting_for_budget
                    FROM
                    (
                        SELECT * FROM tidemark.schedule_log
                        WHERE at <= {at:DateTime64(3, 'UTC')}
                        ORDER BY dataset, at DESC
                        LIMIT 1 BY dataset
                    ) AS log
                    LEFT ANY JOIN
                    (
                        SELECT dataset, min(known_at) AS begin FROM tidemark.stored_answers WHERE replaces GROUP BY dataset
                    ) AS answers ON log.dataset = answers.dataset
                    LEFT ANY JOIN
                    (
                        SELECT dataset, max(row.before) AS before, argMax(row.at, row.before) AS at
                        FROM tidemark.deletions AS row
                        WHERE row.at <= {at:DateTime64(3, 'UTC')}
                        GROUP BY dataset
                    ) AS deletion ON log.dataset = deletion.dataset
                    LEFT ANY JOIN
                    (
                        SELECT host FROM tidemark.host_log GROUP BY host HAVING min(at) <= {at:DateTime64(3, 'UTC')}
                    ) AS heard ON log.host = heard.host
                    LEFT ANY JOIN
                    (
                        SELECT
                            host,
                            countIf(state = 'owned') > 0 AS is_owned,
                            argMax((log.paused_until, log.pause_reason, log.waiting_for_budget), row_at) AS newest
                        FROM
                        (
                            SELECT host, at AS row_at, poller, state, paused_until, pause_reason, waiting_for_budget
                            FROM tidemark.host_log
                            WHERE row_at <= {at:DateTime64(3, 'UTC')} AND row_at > {at:DateTime64(3, 'UTC')} - INTERVAL 150 SECOND
                            ORDER BY host, poller, row_at DESC
                            LIMIT 1 BY host, poller
                        ) AS log
                        GROUP BY host
                    ) AS owner ON log.host = owner.host
                ) AS collected ON fact.dataset = collected.dataset
            )
        )
    )
)
WHERE window_end > {from:DateTime64(3, 'UTC')}
SETTINGS optimize_and_compare_chain = 0
