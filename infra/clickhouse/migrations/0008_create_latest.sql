-- What is known now, one row a point. A null value: published without one, or taken back.
CREATE OR REPLACE VIEW tidemark.latest AS
SELECT
    dataset,
    key,
    ts,
    value,
    fromUnixTimestamp64Milli(toInt64(intDiv(version, 4096)), 'UTC') AS known_at,
    step_s,
    splitByWhitespace(flags) AS flags
FROM tidemark.points FINAL
