import type { StoreStatement } from '../source.ts'

/** The table of constraints: all that was ever known of every row of every hour, as point_revisions is of points. */
const table: StoreStatement = {
  name: 'flow_constraints',
  sql: `
    CREATE TABLE IF NOT EXISTS tidemark.flow_constraints
    (
        dataset LowCardinality(String),
        hour DateTime('UTC') CODEC(Delta, ZSTD(1)),
        skip UInt32,
        row UInt32 CODEC(Delta, ZSTD(1)),
        total_rows UInt32,
        known_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
        delivery_start DateTime('UTC') CODEC(Delta, ZSTD(1)),
        tso LowCardinality(Nullable(String)),
        cne_name LowCardinality(Nullable(String)),
        cne_eic LowCardinality(Nullable(String)),
        direction LowCardinality(Nullable(String)),
        contingency LowCardinality(Nullable(String)),
        presolved Nullable(Bool),
        ram_mw Nullable(Float64) CODEC(ZSTD(1)),
        ptdf Map(LowCardinality(String), Float64) CODEC(ZSTD(1)),
        numbers Map(LowCardinality(String), Float64) CODEC(ZSTD(1)),
        texts Map(LowCardinality(String), String) CODEC(ZSTD(1)),
        contingencies Array(Map(LowCardinality(String), String)) CODEC(ZSTD(1)),
        upstream_modified_at Nullable(DateTime64(3, 'UTC')),
        transform_version UInt16,
        origin LowCardinality(String),
        raw_partition UInt32,
        raw_offset UInt64 CODEC(Delta, ZSTD(1))
    )
    ENGINE = ReplacingMergeTree(transform_version)
    PARTITION BY toYear(hour)
    ORDER BY (dataset, hour, skip, row, known_at)`,
}

/**
 * The newest set of each hour. An hour comes in pages, each known at a time of its own: a row counts when the newest
 * version of its page has it, and when its page still begins before the newest number of rows. Filters on dataset and
 * hour reach the table through both windows, as each is cut by them.
 */
const newest: StoreStatement = {
  name: 'latest_flow_constraints',
  sql: `
    CREATE OR REPLACE VIEW tidemark.latest_flow_constraints AS
    SELECT dataset, hour, delivery_start, tso, cne_name, cne_eic, direction, contingency, presolved, ram_mw,
           ptdf, numbers, texts, contingencies, row, skip, total_rows, upstream_modified_at, known_at
    FROM
    (
        SELECT *,
               max((known_at, transform_version)) OVER (PARTITION BY dataset, hour, skip) AS newest_of_page,
               max((known_at, transform_version, total_rows)) OVER (PARTITION BY dataset, hour) AS newest_of_hour
        FROM tidemark.flow_constraints FINAL
    )
    WHERE (known_at, transform_version) = newest_of_page AND skip < newest_of_hour.3`,
}

export const constraintStatements: StoreStatement[] = [table, newest]

/** The friendly view of a dataset of constraints. */
export const constraintView = (dataset: string, name: string) => ({
  name,
  select: `
      SELECT * EXCEPT (dataset)
      FROM tidemark.latest_flow_constraints
      WHERE dataset = '${dataset}'`,
})
