-- Without what alert rules told of times that were deleted since.
CREATE MATERIALIZED VIEW IF NOT EXISTS tidemark.alert_events_mv TO tidemark.alert_events AS
WITH (
    SELECT mapFromArrays(groupArray(dataset), groupArray(before))
    FROM (SELECT toString(dataset) AS dataset, max(before) AS before FROM tidemark.deletions GROUP BY dataset)
) AS bounds
SELECT *
FROM tidemark.told_alerts
WHERE onset_at >= bounds[dataset]
