-- What had become of each window of days, hours or months by an instant: those that end
-- after `from`: window_completeness(at = '2026-11-20 10:30:00', from = '2026-10-20 00:00:00'), UTC. completeness reads it and adds ticks; docs/completeness.md says what the columns mean. A filter on dataset reaches
-- the primary keys. usual: the keys of the last 14 complete windows, which lie within 500 days before `from`.
-- content: the newest state that says complete, partial or confirmed empty, and whose answer is in the store. An empty
-- answer that is not confirmed, a refusal and a failure leave it as it was. A state from before answers were recorded
-- counts as stored. What was stored later than `at` is not there at `at`.
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
        is_short, concat(toString(stored.3), ' keys, usually ', toString(usual)),
        class = 'partial', 'the answer lacks rows or values',
        'the answer has no rows'
    ) AS detail,
    multiIf(
        class = 'deleted', deleted_at,
        class = 'not-collected', scheduled_at,
        class IN ('complete', 'retracted', 'partial'), content_since,
        class = 'late', late_after,
        class = 'not-yet-due' AND is_expected, declared_at,
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
    if(is_expected, expected.3, NULL) AS why,
    is_expected AND declared_at < greatest(window_end, ifNull(expected_by, window_end)) AS is_watched,
    if(is_stored, stored.2, NULL) AS points,
    if(is_expected AND usual > 0, expected.4 * usual, NULL) AS expected_points,
    if(is_stored, stored.3, NULL) AS keys,
    nullIf(usual, 0) AS usual_keys,
    if(is_stored AND stored.1 > stored.6, stored.1, NULL) AS last_revised_at,
    if(is_stored, stored.4, NULL) AS raw_partition,
    if(is_stored, stored.5, NULL) AS raw_offset
FROM
(
    SELECT
        *,
        multiIf(
            class NOT IN ('late', 'partial'), NULL,
            letter_at > content_at AND letter_reason = 'parked', 'ours-parked',
            letter_at > content_at, 'ours-dead-letter',
            is_pending, 'ours-lag',
            is_never_asked OR (is_known AND (NOT is_owned OR is_paused)), 'ours-not-asked',
            newest.3 = 'failed' AND newest.4 IS NULL, 'upstream-unreachable',
            newest.3 IN ('failed', 'refused', 'unreadable'), 'upstream-refused',
            'upstream-empty'
        ) AS cause
    FROM
    (
        SELECT
            *,
            multiIf(
                schedule = '', 'unknown',
                ifNull(window_end <= history_begins, false), 'before-history',
                window_end <= deleted_before, 'deleted',
                content = '' AND (schedule = 'off' OR (is_never_asked AND NOT is_wanted)), 'not-collected',
                content = 'complete' AND NOT is_short, 'complete',
                content = 'confirmed empty', 'retracted',
                content != '', 'partial',
                ifNull(late_after <= {at:DateTime64(3, 'UTC')}, false), 'late',
                'not-yet-due'
            ) AS class
        FROM
        (
            SELECT
                *,
                content = 'complete' AND is_stored AND length(usual_of) >= 3 AND stored.3 > 0 AND stored.3 * 2 < usual AS is_short
            FROM
            (
                SELECT *, toUInt32(if(empty(usual_of), 0, arrayReduce('quantileExactLow(0.5)', usual_of))) AS usual
                FROM
                (
                    SELECT
                        *,
                        groupArrayLastIf(14)(stored.3, content = 'complete' AND stored.3 > 0) OVER (
                            PARTITION BY dataset, selector ORDER BY window_start ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                        ) AS usual_of
                    FROM
                    (
                        SELECT
                            *,
                            contents[1 + arrayLastIndex(state -> state.2 != content, contents)].1 AS content_since,
                            notEmpty(said) AND said[-1].1 > content_at AS is_pending,
                            schedule = 'auto' AND is_expected
                                AND (selector IS NULL OR has(selectors, assumeNotNull(selector))) AS is_wanted
                        FROM
                        (
                            SELECT
                                *,
                                contents[-1].1 AS content_at,
                                contents[-1].2 AS content,
                                arrayFirst(state -> state.2 = 'complete', contents).1 AS first_complete_at
                            FROM
                            (
                                SELECT
                                    *,
                                    arrayFilter(
                                        state -> ifNull(state.6 <= stored.1, true) OR ifNull(state.6 < answers_begin, true), said
                                    ) AS contents
                                FROM
                                (
                                    SELECT
                                        fact.dataset AS dataset,
                                        nullIf(replaceRegexpOne(
                                            substring(fact.request_identity, length(fact.dataset) + 2),
                                            '(?:^|/)\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ/\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$',
                                            ''
                                        ), '') AS selector,
                                        fact.window_start AS window_start,
                                        fact.window_end AS window_end,
                                        fact.request_identity AS request_identity,
                                        fact.is_expected AS is_expected,
                                        fact.expected AS expected,
                                        if(fact.is_expected, fact.expected.1, NULL) AS expected_by,
                                        if(fact.is_expected, fact.expected.2, NULL) AS late_after,
                                        fact.declared_at AS declared_at,
                                        fact.is_stored AS is_stored,
                                        fact.stored AS stored,
                                        empty(fact.states) AS is_never_asked,
                                        fact.states[-1] AS newest,
                                        arrayFilter(state -> state.2 IN ('complete', 'partial', 'confirmed empty'), fact.states) AS said,
                                        answers.begin AS answers_begin,
                                        fact.letter.1 AS letter_at,
                                        fact.letter.2 AS letter_reason,
                                        fact.letter.3 AS letter_message,
                                        schedule.schedule AS schedule,
                                        schedule.at AS scheduled_at,
                                        schedule.selectors AS selectors,
                                        schedule.history_begins AS history_begins,
                                        deletion.before AS deleted_before,
                                        deletion.at AS deleted_at,
                                        owner.is_known AS is_known,
                                        owner.is_owned AS is_owned,
                                        owner.paused_until AS paused_until,
                                        owner.pause_reason AS pause_reason,
                                        owner.waiting_for_budget AS waiting_for_budget,
                                        ifNull(owner.paused_until > {at:DateTime64(3, 'UTC')}, false) AS is_paused
                                    FROM
                                    (
                                        SELECT
                                            dataset,
                                            window_start,
                                            window_end,
                                            request_identity,
                                            countIf(kind = 'expected') > 0 AS is_expected,
                                            argMaxIf((expected_by, late_after, text, number), fact_at, kind = 'expected') AS expected,
                                            maxIf(fact_at, kind = 'expected') AS declared_at,
                                            arraySort(groupArrayIf(
                                                (fact_at, content, outcome, number, text, last_changed_at), kind = 'state'
                                            )) AS states,
                                            countIf(kind = 'answer') > 0 AS is_stored,
                                            argMaxIf((fact_at, points, keys, raw_partition, raw_offset, first_known_at), fact_at, kind = 'answer') AS stored,
                                            argMaxIf((fact_at, outcome, assumeNotNull(text)), fact_at, kind = 'letter') AS letter
                                        FROM
                                        (
                                            SELECT
                                                'expected' AS kind, dataset, window_start, window_end, request_identity, declared_at AS fact_at,
                                                expected_by, late_after, why AS text, steps AS number, '' AS outcome, '' AS content,
                                                CAST(NULL AS Nullable(DateTime64(3, 'UTC'))) AS last_changed_at,
                                                0 AS points, 0 AS keys, 0 AS raw_partition, 0 AS raw_offset, fact_at AS first_known_at
                                            FROM tidemark.expected_windows
                                            WHERE every_s IS NULL AND declared_at <= {at:DateTime64(3, 'UTC')}
                                                AND window_start >= {from:DateTime64(3, 'UTC')} - INTERVAL 500 DAY
                                            UNION ALL
                                            SELECT
                                                'state', dataset, window_start, window_end, request_identity, at,
                                                NULL, NULL, error, status, outcome,
                                                if(completeness = 'empty' AND empty_confirmed, 'confirmed empty', ifNull(completeness, '')),
                                                last_changed_at,
                                                0, 0, 0, 0, at
                                            FROM tidemark.window_states
                                            WHERE at <= {at:DateTime64(3, 'UTC')}
                                                AND window_start >= {from:DateTime64(3, 'UTC')} - INTERVAL 500 DAY
                                            UNION ALL
                                            SELECT
                                                'answer', dataset, window_start, window_end, window_identity,
                                                max(newest_at) AS at,
                                                NULL, NULL, NULL, NULL, '', '', NULL,
                                                sum(named), max(named_keys), argMax(partition, newest_at), argMax(offset, newest_at), min(oldest_at)
                                            FROM
                                            (
                                                SELECT
                                                    dataset,
                                                    window_start,
                                                    window_end,
                                                    replaceRegexpOne(request_identity, '/rows-\\d+/', '/') AS window_identity,
                                                    max(known_at) AS newest_at,
                                                    min(known_at) AS oldest_at,
                                                    argMax(answer.points, answer.version) AS named,
                                                    argMax(answer.keys, answer.version) AS named_keys,
                                                    argMax(answer.raw_partition, answer.version) AS partition,
                                                    argMax(answer.raw_offset, answer.version) AS offset
                                                FROM tidemark.stored_answers AS answer
                                                WHERE replaces AND known_at <= {at:DateTime64(3, 'UTC')}
                                                    AND stored_at <= {at:DateTime64(3, 'UTC')}
                                                    AND window_start >= {from:DateTime64(3, 'UTC')} - INTERVAL 500 DAY
                                                GROUP BY dataset, window_start, window_end, request_identity
                                            )
                                            GROUP BY dataset, window_start, window_end, window_identity
                                            UNION ALL
                                            SELECT
                                                'letter', assumeNotNull(dataset), window[1], window[2],
                                                replaceRegexpOne(assumeNotNull(request_identity), '/rows-\\d+/', '/'), at,
                                                NULL, NULL, message, NULL, reason, '', NULL, 0, 0, 0, 0, at
                                            FROM
                                            (
                                                SELECT
                                                    *,
                                                    arrayMap(
                                                        text -> parseDateTime64BestEffort(text, 3, 'UTC'),
                                                        extractAll(assumeNotNull(request_identity), '/(\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ)')
                                                    ) AS window
                                                FROM tidemark.dead_letters
                                                WHERE at <= {at:DateTime64(3, 'UTC')} AND ifNull(resolved_at > {at:DateTime64(3, 'UTC')}, true)
                                                    AND dataset IS NOT NULL AND request_identity IS NOT NULL
                                            )
                                            WHERE length(window) = 2
                                        )
                                        GROUP BY dataset, window_start, window_end, request_identity
                                    ) AS fact
                                    LEFT ANY JOIN
                                    (
                                        SELECT * FROM tidemark.schedule_log
                                        WHERE at <= {at:DateTime64(3, 'UTC')}
                                        ORDER BY dataset, at DESC
                                        LIMIT 1 BY dataset
                                    ) AS schedule ON fact.dataset = schedule.dataset
                                    LEFT ANY JOIN
                                    (
                                        SELECT dataset, min(known_at) AS begin FROM tidemark.stored_answers WHERE replaces GROUP BY dataset
                                    ) AS answers ON fact.dataset = answers.dataset
                                    LEFT ANY JOIN
                                    (
                                        SELECT dataset, max(row.before) AS before, argMax(row.at, row.before) AS at
                                        FROM tidemark.deletions AS row
                                        WHERE row.at <= {at:DateTime64(3, 'UTC')}
                                        GROUP BY dataset
                                    ) AS deletion ON fact.dataset = deletion.dataset
                                    LEFT ANY JOIN
                                    (
                                        SELECT
                                            host,
                                            true AS is_known,
                                            countIf(state = 'owned' AND row_at > {at:DateTime64(3, 'UTC')} - INTERVAL 150 SECOND) > 0 AS is_owned,
                                            argMax((log.paused_until, log.pause_reason, log.waiting_for_budget), row_at).1 AS paused_until,
                                            argMax((log.paused_until, log.pause_reason, log.waiting_for_budget), row_at).2 AS pause_reason,
                                            argMax((log.paused_until, log.pause_reason, log.waiting_for_budget), row_at).3 AS waiting_for_budget
                                        FROM
                                        (
                                            SELECT host, at AS row_at, poller, state, paused_until, pause_reason, waiting_for_budget
                                            FROM tidemark.host_log
                                            WHERE row_at <= {at:DateTime64(3, 'UTC')}
                                            ORDER BY host, poller, row_at DESC
                                            LIMIT 1 BY host, poller
                                        ) AS log
                                        GROUP BY host
                                    ) AS owner ON schedule.host = owner.host
                                )
                            )
                        )
                    )
                )
            )
        )
    )
)
WHERE window_end > {from:DateTime64(3, 'UTC')}
SETTINGS optimize_and_compare_chain = 0
