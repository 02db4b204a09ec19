-- Keys that the newest answer of their window no longer names: latest shows their points as withdrawn. A window is that of
-- a request identity: what one corridor answers says nothing of another. Rows without an identity, from before there was
-- one, go by window alone. known_at: when the key was named last; window_known_at: the newest answer. Name a dataset and a
-- window_start where the store is large.
CREATE OR REPLACE VIEW tidemark.withdrawn_keys AS
SELECT
    named.dataset AS dataset,
    named.key AS key,
    named.window_start AS window_start,
    named.window_end AS window_end,
    fromUnixTimestamp64Milli(toInt64(intDiv(named.version, 4096)), 'UTC') AS known_at,
    fromUnixTimestamp64Milli(toInt64(intDiv(greatest(newest.version, named.window_version), 4096)), 'UTC') AS window_known_at
FROM
(
    SELECT
        dataset,
        key,
        window_start,
        window_end,
        identity,
        max(toUInt64(toUnixTimestamp64Milli(known_at)) * 4096 + transform_version) AS version,
        max(version) OVER (PARTITION BY dataset, key, window_start, window_end) AS key_version,
        max(version) OVER (PARTITION BY dataset, window_start, window_end) AS newest_version,
        if(identity = 0 AND version = key_version, newest_version, 0) AS window_version
    FROM tidemark.point_revisions
    GROUP BY dataset, key, window_start, window_end, identity
) AS named
LEFT ANY JOIN
(
    SELECT dataset, identity, max(toUInt64(toUnixTimestamp64Milli(known_at)) * 4096 + transform_version) AS version
    FROM tidemark.stored_answers
    WHERE replaces
    GROUP BY dataset, identity
) AS newest ON named.dataset = newest.dataset AND named.identity = newest.identity
WHERE named.version < greatest(newest.version, named.window_version)
