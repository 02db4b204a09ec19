-- As before, with the time that the sink says. Clocks differ: an answer is never stored before it is known.
ALTER TABLE tidemark.stored_answers_mv MODIFY QUERY
WITH (
    SELECT mapFromArrays(groupArray(dataset), groupArray(before))
    FROM (SELECT toString(dataset) AS dataset, max(before) AS before FROM tidemark.deletions GROUP BY dataset)
) AS bounds
SELECT
    answer.replaces AS replaces,
    answer.dataset AS dataset,
    answer.identity AS identity,
    answer.request_identity AS request_identity,
    answer.selector AS selector,
    answer.window_start AS window_start,
    answer.window_end AS window_end,
    answer.known_at AS known_at,
    answer.transform_version AS transform_version,
    answer.points AS points,
    answer.keys AS keys,
    answer.content_hash AS content_hash,
    answer.raw_partition AS raw_partition,
    answer.raw_offset AS raw_offset,
    if(stored.first_at > 0, stored.first_at, greatest(answer.stored_at, answer.known_at)) AS stored_at
FROM tidemark.accepted_answers AS answer
LEFT ANY JOIN
(
    SELECT replaces, dataset, identity, known_at, raw_partition, raw_offset, min(stored_at) AS first_at
    FROM tidemark.stored_answers
    WHERE (replaces, dataset, identity, known_at) IN (
        SELECT replaces, dataset, identity, known_at FROM tidemark.accepted_answers
    )
    GROUP BY replaces, dataset, identity, known_at, raw_partition, raw_offset
) AS stored USING (replaces, dataset, identity, known_at, raw_partition, raw_offset)
WHERE answer.window_end > bounds[answer.dataset]
