-- What the sink inserts: one row a transition of an alert rule. Keeps nothing; a materialized view fills alert_events.
CREATE TABLE IF NOT EXISTS tidemark.told_alerts AS tidemark.alert_events
ENGINE = Null
