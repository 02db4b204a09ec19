-- The dead letters, one row a letter, and since when each is resolved: requeued or dropped. The first decision on a letter
-- counts, as for `tidemark dlq list`, which shows the letters without a decision. Open at T: at <= T AND (resolved_at IS
-- NULL OR resolved_at > T). Both clocks are those of the writers: a decision is never earlier than its letter.
CREATE OR REPLACE VIEW tidemark.dead_letters AS
SELECT
    letter.topic AS topic,
    letter.partition AS partition,
    letter.offset AS offset,
    letter.at AS at,
    letter.reason AS reason,
    letter.previous_reason AS previous_reason,
    letter.message AS message,
    letter.dataset AS dataset,
    letter.request_identity AS request_identity,
    letter.raw_partition AS raw_partition,
    letter.raw_offset AS raw_offset,
    letter.original_topic AS original_topic,
    letter.original_partition AS original_partition,
    letter.original_offset AS original_offset,
    letter.service AS service,
    letter.version AS version,
    letter.attempts AS attempts,
    if(first.decision != '', greatest(first.at, letter.at), NULL) AS resolved_at,
    nullIf(first.decision, '') AS decision,
    if(first.decision != '', first.by, NULL) AS by,
    if(first.decision != '', first.why, NULL) AS why
FROM (SELECT * FROM tidemark.dead_letter_records FINAL WHERE decision = '') AS letter
LEFT ANY JOIN
(
    SELECT
        topic,
        partition,
        letter_offset,
        argMin(record.at, record.offset) AS at,
        argMin(record.decision, record.offset) AS decision,
        argMin(record.by, record.offset) AS by,
        argMin(record.why, record.offset) AS why
    FROM tidemark.dead_letter_records AS record
    WHERE record.decision != ''
    GROUP BY topic, partition, letter_offset
) AS first ON letter.topic = first.topic AND letter.partition = first.partition AND letter.offset = first.letter_offset
