// market_24h: what each series did in the last 24 hours, made anew every 5 seconds. Reading a day of a thousand markets
// takes 10 s of CPU, so buckets of ten minutes are added up once and kept; what they do not hold is read from the samples.
// Both read FINAL rows: nothing is counted as it comes in, so nothing is counted twice.
// One thread: the other cores are for those who ask and insert.
import type { StoreStatement } from '../source.ts'
import { marketSql, metricSql } from './friendly-view.ts'
import { bucketS, bucketSql } from './samples.ts'

/** A bucket is added up when nothing has come into it for so long: more than an insert takes. */
const quietS = 120

/**
 * So many buckets that changed since they were added up are read from the samples, the newest first. More change only
 * when hours are replayed: these show as they are added up anew, 24 in 10 s, and nothing waits for all of them.
 */
const changedAtOnce = 12

// Deviations are added up as (count, mean, sum of squared differences), the way of Chan, and not as sums of squares: of
// 600 billion units traded, these would make a deviation of thousands out of nothing.
const sums = `
    toUInt32(count(value)) AS samples,
    min(value) AS low,
    max(value) AS high,
    sum(value) AS total,
    stddevPopStableState(value) AS spread,
    minIf(ts, value IS NOT NULL) AS first_at,
    argMin(value, ts) AS first,
    maxIf(ts, value IS NOT NULL) AS last_at,
    argMax(value, ts) AS last`

const createBuckets = `
CREATE TABLE IF NOT EXISTS tidemark.market_buckets
(
    bucket DateTime('UTC') CODEC(Delta, ZSTD(1)),
    dataset LowCardinality(String) CODEC(ZSTD(1)),
    key LowCardinality(String) CODEC(ZSTD(1)),
    computed_at DateTime64(3, 'UTC') CODEC(ZSTD(1)),
    samples UInt32 CODEC(ZSTD(1)),
    low Nullable(Float64) CODEC(ZSTD(1)),
    high Nullable(Float64) CODEC(ZSTD(1)),
    total Nullable(Float64) CODEC(ZSTD(1)),
    spread AggregateFunction(stddevPopStable, Nullable(Float64)) CODEC(ZSTD(1)),
    first_at DateTime('UTC') CODEC(Delta, ZSTD(1)),
    first Nullable(Float64) CODEC(ZSTD(1)),
    last_at DateTime('UTC') CODEC(Delta, ZSTD(1)),
    last Nullable(Float64) CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(computed_at)
PARTITION BY toStartOfInterval(bucket, INTERVAL 4 HOUR)
ORDER BY (bucket, dataset, key)
TTL bucket + INTERVAL 26 HOUR
SETTINGS ttl_only_drop_parts = 1`

/** Each bucket of samples with when it last got one, and when it was last added up (1970: never). */
const bucketStates = `
    SELECT bucket, touched_at, computed_at
    FROM (SELECT bucket, max(touched_at) AS touched_at FROM tidemark.market_touched GROUP BY bucket) AS t
    LEFT JOIN (SELECT bucket, max(computed_at) AS computed_at FROM tidemark.market_buckets GROUP BY bucket) AS c USING (bucket)`

// A row of a bucket is found by the time it was added up, the same for the whole bucket: of a bucket that is added up
// anew no older row is ever read. So that no bucket is there in part, its rows must be one block.
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

// What is decided of time and buckets is decided once, as one value: were it asked for twice, a bucket could be added
// up in between, and would be counted twice or not at all. Deletions concern whole days, so whole buckets.
const select24h = `
WITH
    (
        SELECT (any(at), groupArrayIf((bucket, computed_at), from_bucket), groupArrayIf(bucket, NOT from_bucket))
        FROM (
            SELECT
                now('UTC') AS at,
                bucket,
                computed_at,
                bucket > at - INTERVAL 1 DAY AND bucket + ${bucketS - 1} <= at AS is_whole,
                computed_at <= touched_at + ${quietS} AS is_changed,
                row_number() OVER (PARTITION BY is_changed ORDER BY bucket DESC) AS nth,
                is_whole AND computed_at > 0 AND (NOT is_changed OR nth > ${changedAtOnce}) AS from_bucket
            FROM (${bucketStates})
            WHERE bucket + ${bucketS} > at - INTERVAL 1 DAY AND bucket <= at
        )
    ) AS decided,
    (
        SELECT mapFromArrays(groupArray(dataset), groupArray(before))
        FROM (SELECT toString(dataset) AS dataset, max(before) AS before FROM tidemark.deletions GROUP BY dataset)
    ) AS bounds
SELECT
    at,
    splitByChar('.', toString(dataset))[1] AS source,
    dataset,
    ${marketSql('key')} AS market,
    ${metricSql('key')} AS metric,
    n AS samples,
    newest AS last,
    newest_at AS last_at,
    lowest AS min,
    highest AS max,
    mean,
    standard_deviation,
    if(mean = 0, NULL, standard_deviation / abs(mean)) AS relative_deviation,
    oldest AS first,
    oldest_at AS first_at,
    newest - oldest AS change,
    if(oldest = 0, NULL, (newest - oldest) / abs(oldest)) AS change_fraction
FROM (
    SELECT
        decided.1 AS at,
        dataset,
        key,
        sum(samples) AS n,
        assumeNotNull(argMax(last, last_at)) AS newest,
        max(last_at) AS newest_at,
        assumeNotNull(argMin(first, first_at)) AS oldest,
        min(first_at) AS oldest_at,
        assumeNotNull(min(low)) AS lowest,
        assumeNotNull(max(high)) AS highest,
        assumeNotNull(sum(total)) / n AS mean,
        assumeNotNull(stddevPopStableMerge(spread)) AS standard_deviation
    FROM (
        SELECT dataset, key, samples, low, high, total, spread, first_at, first, last_at, last
        FROM tidemark.market_buckets
        WHERE (bucket, computed_at) IN (SELECT settled.1, settled.2 FROM (SELECT arrayJoin(decided.2) AS settled))
          AND bucket >= bounds[dataset]
        UNION ALL
        SELECT dataset, key,${sums}
        FROM tidemark.market_samples FINAL
        WHERE ${bucketSql} IN (SELECT arrayJoin(decided.3))
          AND ts > decided.1 - INTERVAL 1 DAY AND ts <= decided.1 AND ts >= bounds[dataset]
        GROUP BY dataset, key
    )
    WHERE samples > 0
    GROUP BY dataset, key
)
SETTINGS max_threads = 1`

const create24h = `
CREATE MATERIALIZED VIEW IF NOT EXISTS tidemark.market_24h REFRESH EVERY 5 SECOND
(
    at DateTime('UTC') COMMENT 'The 24 hours end here, this instant included',
    source LowCardinality(String),
    dataset LowCardinality(String),
    market LowCardinality(String) COMMENT 'As the exchange answers it',
    metric LowCardinality(String),
    samples UInt64 COMMENT 'Samples with a value; all figures are of these',
    last Float64,
    last_at DateTime('UTC'),
    min Float64,
    max Float64,
    mean Float64,
    standard_deviation Float64 COMMENT 'Of the population: of all samples of the window, not an estimate',
    relative_deviation Nullable(Float64) COMMENT 'standard_deviation / |mean|',
    first Float64,
    first_at DateTime('UTC'),
    change Float64 COMMENT 'last - first',
    change_fraction Nullable(Float64) COMMENT 'change / |first|: 0.01 is 1 %'
)
ENGINE = MergeTree ORDER BY (market, metric, dataset)
AS${select24h}`

export const summaryStatements: StoreStatement[] = [
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
  { name: 'market_24h', sql: create24h },
  { name: 'market_24h of today', sql: `ALTER TABLE tidemark.market_24h MODIFY QUERY${select24h}` },
]
