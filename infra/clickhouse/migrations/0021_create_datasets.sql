-- The catalogue: all that is declared of each dataset, written by provisioning whenever a declaration changed. One row a
-- dataset: read it with FINAL. A dataset that is no longer declared stays, with declared = false. Empty texts are what a
-- dataset does not have; a null of raw_days or timeseries_days is: for ever.
CREATE TABLE IF NOT EXISTS tidemark.datasets
(
    dataset String,
    source LowCardinality(String),
    title String,
    description String,
    owner LowCardinality(String),
    terms String,
    terms_link String,
    page String,
    unit LowCardinality(String),
    zone LowCardinality(String),
    calendar String,
    steps Array(Tuple(since DateTime('UTC'), step_s UInt32)),
    key_pattern String,
    key_example String,
    labels Map(String, String),
    plausible_min Nullable(Float64),
    plausible_max Nullable(Float64),
    expectations Array(String),
    raw_days Nullable(Float64),
    timeseries_days Nullable(Float64),
    transform_version UInt16,
    shape LowCardinality(String),
    live Bool,
    past_month Bool,
    view String,
    topics Array(String),
    -- A day of its zone, YYYY-MM-DD.
    first_day String,
    declared Bool,
    updated_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(updated_at)
ORDER BY dataset
