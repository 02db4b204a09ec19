-- One row a real change of a point, to and from null included, and where a value was withdrawn (flag withdrawn). The first
-- value that is not null is the publication, and so is what comes before it; an answer that repeats a value is not a row.
-- previous_known_at is the answer before, which may itself have repeated the previous value. delay_s: seconds from the
-- publication to this change, null where our first sight of the point was a backfill. raw_partition and raw_offset: the
-- answer that brought the new value, or no longer named the point. Name the key or a span of ts; for a span of known_at ask
-- changes.
CREATE OR REPLACE VIEW tidemark.revisions AS
SELECT
    dataset,
    key,
    ts,
    previous_value,
    value,
    previous_known_at,
    known_at,
    delay_s,
    raw_partition,
    raw_offset,
    flags
FROM tidemark.answers
WHERE revised
