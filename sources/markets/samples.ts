// The samples of the last day, beside `points`: ordered by time first, so that all markets over some minutes can be read
// without reading all of history. In `points` the minutes of one key stand beside its years.
import type { StoreStatement } from '../source.ts'

/** Datasets that hold samples of markets, keys as in metrics.ts. Another exchange is a name here. */
export const marketDatasets = ['kraken.ticker', 'binance.ticker24hr', 'coinbase.ticker', 'coinbase.stats']

/** The datasets as a list in SQL. */
export const datasetsSql = marketDatasets.map((dataset) => `'${dataset}'`).join(', ')

/** SQL for the bucket of a sample. */
export const bucketSql = 'toStartOfTenMinutes(ts)'
export const bucketS = 600

// Rows are inserted by what the sink inserts anyway. A repeated delivery gives equal rows, which FINAL makes one; of a
// revised sample the newest version counts, as in points. What is implausible is a null here, and not left out: it takes
// the place of what was read of the same answer before. So a price of nothing is no last, minimum or mean of a market.
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

// When a bucket last got a sample, whether new, late or repeated. It hangs on market_samples: nothing of it runs where
// no samples come.
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
