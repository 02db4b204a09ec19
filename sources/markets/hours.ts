// Sums per hour and series, of the buckets of the hour. market_24h adds up 23 hours and some buckets in place of 143
// buckets: a refresh reads a fifth of the rows.
import type { StoreStatement } from '../source.ts'
import { bucketStates, quietS, sumColumns } from './buckets.ts'

const createHours = `
CREATE TABLE IF NOT EXISTS tidemark.market_hours
(
    hour DateTime('UTC') CODEC(Delta, ZSTD(1)),
    dataset LowCardinality(String) CODEC(ZSTD(1)),
    key LowCardinality(String) CODEC(ZSTD(1)),
    made_at DateTime64(3, 'UTC') CODEC(ZSTD(1)),
    newest_bucket_at DateTime64(3, 'UTC') CODEC(ZSTD(1)),${sumColumns}
)
ENGINE = ReplacingMergeTree(made_at)
PARTITION BY toStartOfInterval(hour, INTERVAL 4 HOUR)
ORDER BY (hour, dataset, key)
TTL hour + INTERVAL 26 HOUR
SETTINGS ttl_only_drop_parts = 1`

/**
 * The newest sums of each hour. They are those of its buckets if `newest_bucket_at` is the newest `computed_at` of these:
 * a bucket that is computed again is newer.
 */
export const hourStates = `
    SELECT hour, newest.1 AS made_at, newest.2 AS newest_bucket_at
    FROM (SELECT hour, max((made_at, newest_bucket_at)) AS newest FROM tidemark.market_hours GROUP BY hour)`

// An hour is added up if it is over, no bucket of it waits to be computed, and one was computed since it was added up
// last. All rows of an hour share `made_at`, and are one block, as those of a bucket.
const selectHours = `
WITH (
    SELECT (groupArray(hour), groupArray(newest_bucket_at), groupArrayArray(buckets), any(now64(3, 'UTC')))
    FROM (
        SELECT b.hour AS hour, b.newest_bucket_at AS newest_bucket_at, b.buckets AS buckets
        FROM (
            SELECT
                toStartOfHour(bucket) AS hour,
                max(computed_at) AS newest_bucket_at,
                groupArray((bucket, computed_at)) AS buckets,
                min(computed_at > touched_at + ${quietS}) AS is_settled
            FROM (${bucketStates})
            WHERE toStartOfHour(bucket) > now('UTC') - INTERVAL 25 HOUR AND toStartOfHour(bucket) + 3600 <= now('UTC')
            GROUP BY hour
        ) AS b
        LEFT JOIN (${hourStates}) AS h ON h.hour = b.hour
        WHERE b.is_settled AND h.newest_bucket_at != b.newest_bucket_at
        ORDER BY hour DESC
        LIMIT 24
    )
) AS due
SELECT
    toStartOfHour(b.bucket) AS hour,
    b.dataset AS dataset,
    b.key AS key,
    due.4 AS made_at,
    due.2[indexOf(due.1, hour)] AS newest_bucket_at,
    toUInt32(sum(b.samples)) AS samples,
    min(b.low) AS low,
    max(b.high) AS high,
    sum(b.total) AS total,
    stddevPopStableMergeState(b.spread) AS spread,
    min(b.first_at) AS first_at,
    argMin(b.first, b.first_at) AS first,
    max(b.last_at) AS last_at,
    argMax(b.last, b.last_at) AS last
FROM tidemark.market_buckets AS b
WHERE (b.bucket, b.computed_at) IN (SELECT settled.1, settled.2 FROM (SELECT arrayJoin(due.3) AS settled))
  AND b.samples > 0
GROUP BY hour, dataset, key
SETTINGS min_insert_block_size_rows = 100000000, min_insert_block_size_bytes = 0, max_threads = 1`

export const hourStatements: StoreStatement[] = [
  { name: 'market_hours', sql: createHours },
  {
    name: 'fill_market_hours',
    sql: `CREATE MATERIALIZED VIEW IF NOT EXISTS tidemark.fill_market_hours
REFRESH EVERY 30 SECOND APPEND TO tidemark.market_hours AS${selectHours}`,
  },
  { name: 'fill_market_hours of today', sql: `ALTER TABLE tidemark.fill_market_hours MODIFY QUERY${selectHours}` },
]
