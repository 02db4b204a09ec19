-- How each dataset is collected from an instant on: a row a change. At an instant T, the row with the greatest `at` by T
-- counts. history_begins: the start of first_day in the dataset's time zone. keys_vary:
-- few keys do not make a window partial.
CREATE TABLE IF NOT EXISTS tidemark.schedule_log
(
    dataset LowCardinality(String),
    at DateTime64(3, 'UTC'),
    schedule LowCardinality(String),
    because String,
    host LowCardinality(Nullable(String)),
    selectors Array(String),
    every_s Nullable(UInt32),
    first_day Nullable(String),
    history_begins Nullable(DateTime64(3, 'UTC')),
    keys_vary Bool,
    by LowCardinality(String)
)
ENGINE = ReplacingMergeTree
ORDER BY (dataset, at)
