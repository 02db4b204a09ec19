-- How a key is revised, one row a dataset and key. How often: points that ever had a value, how many of them were revised
-- and their share, revisions. How much: mean and largest absolute change between two values; changes to and from null have
-- no size and are counted apart. How late: median and largest delay_s of the revisions, where they are known. Null where
-- there is nothing to reckon with. Name a key: all of its history is read; for a span of ts, group revisions.
CREATE OR REPLACE VIEW tidemark.revision_stats AS
SELECT
    dataset,
    key,
    countIf(published_at IS NULL AND value IS NOT NULL) AS points,
    uniqExactIf(ts, revised) AS points_revised,
    countIf(revised) AS revisions,
    points_revised / nullIf(points, 0) AS share_revised,
    avgIf(abs(value - previous_value), revised) AS mean_abs_change,
    maxIf(abs(value - previous_value), revised) AS largest_abs_change,
    countIf(revised AND value IS NULL) AS to_null,
    countIf(revised AND previous_value IS NULL) AS from_null,
    quantileExactInclusiveIf(0.5)(delay_s, revised) AS median_delay_s,
    maxIf(delay_s, revised) AS largest_delay_s
FROM tidemark.answers
GROUP BY dataset, key
