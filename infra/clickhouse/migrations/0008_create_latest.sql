-- What is known now. FINAL partition by partition is right here: every version of a point has the same ts.
CREATE OR REPLACE VIEW tidemark.latest AS
SELECT
    dataset,
    key,
    ts,
    value,
    fromUnixTimestamp64Milli(toInt64(intDiv(version, 4096)), 'UTC') AS known_at,
    step_s,
    flags
FROM tidemark.points FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1
