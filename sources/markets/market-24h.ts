// market_24h: statistics of each series over the last 24 hours, computed every 5 s. They combine sums of hours, the
// ten-minute buckets outside these hours, and the samples outside buckets. Samples are read with FINAL, so a repeated
// sample counts once. One thread computes them and leaves the other cores to queries and inserts.
import type { StoreStatement } from '../source.ts'
import { bucketStates, quietS, sumNames, sums } from './buckets.ts'
import { marketSql, metricSql } from './friendly-view.ts'
import { hourStates } from './hours.ts'
import { bucketS, bucketSql } from './samples.ts'

/**
 * A bucket is changed if samples arrived after it was computed. The samples of the newest changed buckets, at most this
 * many, are read. Other changed buckets count as last computed. Of these, 24 are computed again every 10 s.
 */
const changedAtOnce = 12

// A turn is one computation of market_24h. Turns are appended, and readers select the newest. Exchanging tables instead
// would leave a table behind if the store is killed meanwhile.
const createTurns = `
CREATE TABLE IF NOT EXISTS tidemark.market_turns
(
    made_at DateTime64(3, 'UTC'),
    at DateTime('UTC'),
    source LowCardinality(String),
    dataset LowCardinality(String),
    market LowCardinality(String),
    metric LowCardinality(String),
    samples UInt64,
    last Float64,
    last_at DateTime('UTC'),
    min Float64,
    max Float64,
    mean Float64,
    standard_deviation Float64,
    relative_deviation Nullable(Float64),
    first Float64,
    first_at DateTime('UTC'),
    change Float64,
    change_fraction Nullable(Float64)
)
ENGINE = MergeTree
PARTITION BY toStartOfFiveMinutes(made_at)
ORDER BY (made_at, market, metric, dataset)
TTL toDateTime(made_at, 'UTC') + INTERVAL 5 MINUTE
SETTINGS ttl_only_drop_parts = 1`

// One scalar subquery decides the time, the hours and the buckets. With two, a bucket computed in between could be counted
// twice or not at all. Deletions cover whole days, and so whole hours and buckets.
const select24h = `
WITH
    (
        SELECT (
            if(count() > 0, max(at), now('UTC')),
            groupArrayIf((bucket, computed_at), from_bucket AND NOT from_hour),
            groupArrayIf(bucket, NOT from_bucket),
            now64(3, 'UTC'),
            groupUniqArrayIf((hour, made_at), from_hour)
        )
        FROM (
            SELECT
                at,
                bucket,
                computed_at,
                from_bucket,
                hour,
                h.made_at AS made_at,
                hour > at - INTERVAL 1 DAY AND min(from_bucket) OVER (PARTITION BY hour)
                    AND h.newest_bucket_at = max(computed_at) OVER (PARTITION BY hour) AS from_hour
            FROM (
                SELECT
                    now('UTC') AS at,
                    bucket,
                    toStartOfHour(bucket) AS hour,
                    computed_at,
                    bucket > at - INTERVAL 1 DAY AND bucket + ${bucketS - 1} <= at AS is_whole,
                    computed_at <= touched_at + ${quietS} AS is_changed,
                    row_number() OVER (PARTITION BY is_changed ORDER BY bucket DESC) AS nth,
                    is_whole AND computed_at > 0 AND (NOT is_changed OR nth > ${changedAtOnce}) AS from_bucket
                FROM (${bucketStates})
                WHERE bucket + ${bucketS} > at - INTERVAL 1 DAY AND bucket <= at
            ) AS b
            LEFT JOIN (${hourStates}) AS h USING (hour)
        )
    ) AS decided,
    (
        SELECT mapFromArrays(groupArray(dataset), groupArray(before))
        FROM (SELECT toString(dataset) AS dataset, max(before) AS before FROM tidemark.deletions GROUP BY dataset)
    ) AS bounds
SELECT
    decided.4 AS made_at,
    decided.1 AS at,
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
        SELECT dataset, key, ${sumNames}
        FROM tidemark.market_buckets
        WHERE (bucket, computed_at) IN (SELECT settled.1, settled.2 FROM (SELECT arrayJoin(decided.2) AS settled))
          AND bucket >= bounds[dataset]
        UNION ALL
        SELECT dataset, key, ${sumNames}
        FROM tidemark.market_hours
        WHERE (hour, made_at) IN (SELECT settled.1, settled.2 FROM (SELECT arrayJoin(decided.5) AS settled))
          AND hour >= bounds[dataset]
        UNION ALL
        SELECT dataset, key,${sums}
        FROM tidemark.market_samples FINAL
        WHERE ${bucketSql} IN (SELECT arrayJoin(decided.3))
          AND ts > decided.1 - INTERVAL 1 DAY AND ts <= decided.1 AND ts >= bounds[dataset]
        GROUP BY dataset, key
    )
    WHERE samples > 0
    GROUP BY dataset, key
    -- A row without a market says that this turn was made: without it, what was there before would stay where now nothing is.
    UNION ALL
    SELECT '', '', 0, 0, decided.1, 0, decided.1, 0, 0, 0, 0
)
SETTINGS max_threads = 1, min_insert_block_size_rows = 100000000, min_insert_block_size_bytes = 0`

const create24h = `
CREATE OR REPLACE VIEW tidemark.market_24h AS
SELECT * EXCEPT made_at
FROM tidemark.market_turns
WHERE made_at = (SELECT max(made_at) FROM tidemark.market_turns) AND market != ''`

export const market24hStatements: StoreStatement[] = [
  { name: 'market_turns', sql: createTurns },
  {
    name: 'fill_market_turns',
    sql: `CREATE MATERIALIZED VIEW IF NOT EXISTS tidemark.fill_market_turns
REFRESH EVERY 5 SECOND APPEND TO tidemark.market_turns AS${select24h}`,
  },
  { name: 'fill_market_turns of today', sql: `ALTER TABLE tidemark.fill_market_turns MODIFY QUERY${select24h}` },
  { name: 'market_24h', sql: create24h },
]
