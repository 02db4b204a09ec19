-- The values of a message stand in alert_events, from which a deletion can remove them.
ALTER TABLE tidemark.alert_deliveries DROP COLUMN IF EXISTS body
