-- A poll that does not say whether it changed something is taken: the row before it is not known here.
CREATE MATERIALIZED VIEW IF NOT EXISTS tidemark.window_states_mv TO tidemark.window_states AS
SELECT
    dataset,
    selector,
    window_start,
    window_end,
    request_identity,
    fetched_at AS at,
    outcome,
    completeness,
    failures,
    status,
    error,
    ifNull(empty_confirmed, false) AS empty_confirmed,
    ifNull(last_changed_at, if(raw_offset IS NULL, NULL, fetched_at)) AS last_changed_at,
    lane,
    poller,
    raw_partition,
    raw_offset,
    origin
FROM tidemark.polls
WHERE ifNull(changes_state, true)
    AND lane != 'files'
    AND match(request_identity, '/\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ/\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$')
    AND NOT match(ifNull(selector, ''), '^rows-\\d+$')
