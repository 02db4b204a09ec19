-- What is known now, one row a point: what the newest answer of its window says. A null value: published without one,
-- taken back, or withdrawn (flag withdrawn): the newest answer of the window that named the point no longer names it;
-- known_at is then that answer's. Filters on dataset, key and ts reach the primary keys of both tables through the join.
CREATE OR REPLACE VIEW tidemark.latest AS
SELECT
    named.dataset AS dataset,
    named.key AS key,
    named.ts AS ts,
    if(newest.version > intDiv(named.version, 2) AS is_withdrawn, NULL, named.value) AS value,
    fromUnixTimestamp64Milli(toInt64(intDiv(greatest(newest.version, intDiv(named.version, 2)), 4096)), 'UTC') AS known_at,
    named.step_s AS step_s,
    if(is_withdrawn, ['withdrawn'], splitByWhitespace(named.flags)) AS flags
FROM (SELECT * FROM tidemark.points FINAL) AS named
LEFT ANY JOIN
(
    SELECT dataset, identity, max(answer.version) AS version
    FROM tidemark.stored_answers AS answer
    WHERE replaces
    GROUP BY dataset, identity
) AS newest ON named.dataset = newest.dataset AND named.identity = newest.identity
