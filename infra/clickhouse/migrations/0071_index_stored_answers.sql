-- For the check of what was stored in the last minutes: it reads the granules with such answers, and not the whole table.
ALTER TABLE tidemark.stored_answers ADD INDEX IF NOT EXISTS stored_at_minmax stored_at TYPE minmax GRANULARITY 1
