// Sums per ten minutes (a bucket) and series. They are computed when a bucket gets no more samples, and again if
// samples arrive later. market_24h adds up buckets, because reading a day of a thousand markets takes 10 s of CPU.
import type { StoreStatement } from '../source.ts'
import { bucketS, bucketSql } from './samples.ts'

/** A bucket is computed after this many seconds without a new sample. An insert takes less time. */
export const quietS = 120

/** SQL columns that summarise samples. stddevPopStable avoids sums of squares, which are inexact at large volumes. */
export const sums = `
    toUInt32(count(value)) AS samples,
    min(value) AS low,
    max(value) AS high,
    sum(value) AS total,
    stddevPopStableState(value) AS spread,
    minIf(ts, value IS NOT NULL) AS first_at,
    argMin(value, ts) AS first,
    maxIf(ts, value IS NOT NULL) AS last_at,
    argMax(value, ts) AS last`

/** The names of `sums`, and how a table declares them. */
export const sumNames = 'samples, low, high, total, spread, first_at, first, last_at, last'
export const sumColumns = `
    samples UInt32 CODEC(ZSTD(1)),
    low Nullable(Float64) CODEC(ZSTD(1)),
    high Nullable(Float64) CODEC(ZSTD(1)),
    total Nullable(Float64) CODEC(ZSTD(1)),
    spread AggregateFunction(stddevPopStable, Nullable(Float64)) CODEC(ZSTD(1)),
    first_at DateTime('UTC') CODEC(Delta, ZSTD(1)),
    first Nullable(Float64) CODEC(ZSTD(1)),
    last_at DateTime('UTC') CODEC(Delta, ZSTD(1)),
    last Nullable(Float64) CODEC(ZSTD(1))`

const createBuckets = `
CREATE TABLE IF NOT EXISTS tidemark.market_buckets
(
    bucket DateTime('UTC') CODEC(Delta, ZSTD(1)),
    dataset LowCardinality(String) CODEC(ZSTD(1)),
    key LowCardinality(String) CODEC(ZSTD(1)),
    computed_at DateTime64(3, 'UTC') CODEC(ZSTD(1)),${sumColumns}
)
ENGINE = ReplacingMergeTree(computed_at)
PARTITION BY toStartOfInterval(bucket, INTERVAL 4 HOUR)
ORDER BY (bucket, dataset, key)
TTL bucket + INTERVAL 26 HOUR
SETTINGS ttl_only_drop_parts = 1`

export const bucketStates = `
    SELECT bucket, touched_at, computed_at
    FROM (SELECT bucket, max(touched_at) AS touched_at FROM tidemark.market_touched GROUP BY bucket) AS t
    LEFT JOIN (SELECT bucket, max(computed_at) AS computed_at FROM tidemark.market_buckets GROUP BY bucket) AS c USING (bucket)`

// All rows of a bucket share `computed_at`, by which they are selected. So older rows of a bucket that was computed
// again are never read. All rows must be one block, so that a bucket is never visible in part.
const selectBuckets = `
WITH (
    SELECT (any(now64(3, 'UTC')), groupArray(bucket))
    FROM (
        SELECT bucket FROM (${bucketStates})
        WHERE bucket > now('UTC') - INTERVAL 25 HOUR AND bucket + ${bucketS} <= now('UTC')
          AND touched_at + ${quietS} < now('UTC') AND computed_at <= touched_at + ${quietS}
        ORDER BY computed_at, bucket DESC
        LIMIT 24
    )
) AS due
SELECT ${bucketSql} AS bucket, dataset, key, due.1 AS computed_at,${sums}
FROM tidemark.market_samples FINAL
WHERE ${bucketSql} IN (SELECT arrayJoin(due.2))
GROUP BY bucket, dataset, key
SETTINGS min_insert_block_size_rows = 100000000, min_insert_block_size_bytes = 0, max_threads = 1`

export const bucketStatements: StoreStatement[] = [
  { name: 'market_buckets', sql: createBuckets },
  {
    name: 'fill_market_buckets',
    sql: `CREATE MATERIALIZED VIEW IF NOT EXISTS tidemark.fill_market_buckets
REFRESH EVERY 10 SECOND APPEND TO tidemark.market_buckets AS${selectBuckets}`,
  },
  {
    name: 'fill_market_buckets of today',
    sql: `ALTER TABLE tidemark.fill_market_buckets MODIFY QUERY${selectBuckets}`,
  },
]
