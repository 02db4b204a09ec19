// The samples of the last day, ordered by time. A query can read some minutes of all markets without reading the rest.
import type { StoreStatement } from '../source.ts'

/** The datasets with keys as keyOf() in metrics.ts makes them. Add the datasets of a new exchange here. */
export const marketDatasets = ['kraken.ticker', 'binance.ticker24hr', 'coinbase.ticker', 'coinbase.stats']

export const datasetsSql = marketDatasets.map((dataset) => `'${dataset}'`).join(', ')

export const bucketSql = 'toStartOfTenMinutes(ts)'
export const bucketS = 600

// A materialized view on the sink's inserts fills this table. FINAL merges repeated samples and keeps the newest
// version, as in points. An implausible value is stored as null, so that it replaces an earlier value of the same
// answer and does not count as a price.
const createSamples = `
CREATE TABLE IF NOT EXISTS tidemark.market_samples
(
    dataset LowCardinality(String) CODEC(ZSTD(1)),
    key LowCardinality(String) CODEC(ZSTD(1)),
    ts DateTime('UTC') CODEC(Delta, ZSTD(1)),
    value Nullable(Float64) CODEC(ZSTD(1)),
    version UInt64 CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toStartOfInterval(ts, INTERVAL 4 HOUR)
ORDER BY (${bucketSql}, dataset, key, ts)
TTL ts + INTERVAL 26 HOUR
SETTINGS ttl_only_drop_parts = 1`

const selectSamples = `
SELECT
    dataset,
    key,
    toDateTime(intDiv(start_ms, 1000) + step_s * i, 'UTC') AS ts,
    if(has(flags, 'implausible'), NULL, told) AS value,
    toUInt64(known_at_ms) * 4096 + toUInt64(transform_version) AS version
FROM (SELECT * FROM tidemark.slices WHERE dataset IN (${datasetsSql}))
ARRAY JOIN values AS told, range(length(values)) AS i
WHERE ts > now('UTC') - INTERVAL 25 HOUR`

const createTouched = `
CREATE TABLE IF NOT EXISTS tidemark.market_touched
(
    bucket DateTime('UTC'),
    touched_at DateTime('UTC')
)
ENGINE = ReplacingMergeTree(touched_at)
ORDER BY bucket
TTL bucket + INTERVAL 30 HOUR`

const fillTouched = `
CREATE MATERIALIZED VIEW IF NOT EXISTS tidemark.fill_market_touched TO tidemark.market_touched AS
SELECT DISTINCT ${bucketSql} AS bucket, now('UTC') AS touched_at
FROM tidemark.market_samples`

export const sampleStatements: StoreStatement[] = [
  { name: 'market_samples', sql: createSamples },
  { name: 'market_touched', sql: createTouched },
  { name: 'fill_market_touched', sql: fillTouched },
  {
    name: 'fill_market_samples',
    sql: `CREATE MATERIALIZED VIEW IF NOT EXISTS tidemark.fill_market_samples TO tidemark.market_samples AS${selectSamples}`,
  },
  {
    name: 'fill_market_samples of today',
    sql: `ALTER TABLE tidemark.fill_market_samples MODIFY QUERY${selectSamples}`,
  },
]
