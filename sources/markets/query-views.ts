import type { StoreStatement } from '../source.ts'
import { datasetsSql } from './samples.ts'

/** market_rank(metric = 'last'): markets by the metric's standard deviation over the last 24 hours, largest first. */
const rank = `
CREATE OR REPLACE VIEW tidemark.market_rank AS
SELECT
    rank() OVER (ORDER BY standard_deviation DESC) AS rank,
    rank() OVER (ORDER BY relative_deviation DESC NULLS LAST) AS relative_rank,
    source,
    dataset,
    market,
    metric,
    standard_deviation,
    relative_deviation,
    mean,
    last,
    change,
    change_fraction,
    samples,
    at
FROM tidemark.market_24h
WHERE metric = {metric:String}
ORDER BY rank, market, dataset`

/** market_series(market = 'XXBTZUSD', metric = 'last', step_s = 60): the last 24 hours in steps from 1970-01-01 UTC. */
const series = `
CREATE OR REPLACE VIEW tidemark.market_series AS
SELECT
    dataset,
    toDateTime(intDiv(toUnixTimestamp(ts), greatest({step_s:UInt32}, 1)) * greatest({step_s:UInt32}, 1), 'UTC') AS start,
    count() AS samples,
    argMin(assumeNotNull(value), ts) AS first,
    argMax(assumeNotNull(value), ts) AS last,
    min(assumeNotNull(value)) AS min,
    max(assumeNotNull(value)) AS max,
    avg(assumeNotNull(value)) AS mean
FROM (
    SELECT dataset, ts, value, flags
    FROM tidemark.points FINAL
    WHERE dataset IN (${datasetsSql})
      AND key = concat({market:String}, '.', {metric:String})
      AND ts > now('UTC') - INTERVAL 1 DAY AND ts <= now('UTC')
)
WHERE value IS NOT NULL AND NOT has(splitByChar(' ', flags), 'implausible')
GROUP BY dataset, start
ORDER BY dataset, start`

export const queryViewStatements: StoreStatement[] = [
  { name: 'market_rank', sql: rank },
  { name: 'market_series', sql: series },
]
