import { instant, tableOfFields } from '#schemas/record-schema.ts'
import type { OwnTable, StoreStatement } from '../source.ts'
import type { FlowConstraint } from './generated/records.ts'

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

const inserted: StoreStatement = {
  name: 'accepted_constraints',
  sql: 'CREATE TABLE IF NOT EXISTS tidemark.accepted_constraints AS tidemark.flow_constraints ENGINE = Null',
}

/** The table into which the sink inserts. Times are ISO 8601 text. */
export const acceptedConstraintsTable = tableOfFields<FlowConstraint>('accepted_constraints', {
  dataset: 'dataset',
  hour: instant('windowStart'),
  skip: 'skip',
  row: 'row',
  total_rows: 'totalRows',
  known_at: instant('knownAt'),
  delivery_start: instant('start'),
  tso: 'tso',
  cne_name: 'cneName',
  cne_eic: 'cneEic',
  direction: 'direction',
  contingency: 'contName',
  presolved: 'presolved',
  ram_mw: 'ram',
  ptdf: 'ptdf',
  numbers: 'numbers',
  texts: 'texts',
  contingencies: 'contingencies',
  upstream_modified_at: instant('upstreamModifiedAt'),
  transform_version: 'transformVersion',
  origin: 'origin',
  raw_partition: 'raw.partition',
  raw_offset: 'raw.offset',
})

/** Copies inserted rows to flow_constraints, except hours before the time up to which the dataset is deleted. */
const filling: StoreStatement = {
  name: 'flow_constraints_mv',
  sql: `
    CREATE MATERIALIZED VIEW IF NOT EXISTS tidemark.flow_constraints_mv TO tidemark.flow_constraints AS
    WITH (
        SELECT mapFromArrays(groupArray(dataset), groupArray(before))
        FROM (SELECT toString(dataset) AS dataset, max(before) AS before FROM tidemark.deletions GROUP BY dataset)
    ) AS bounds
    SELECT * FROM tidemark.accepted_constraints
    WHERE hour >= bounds[dataset]`,
}

/**
 * The newest rows of each hour. A row counts if the newest accepted answer of its page has it. If the hour has fewer
 * rows now, pages after its last row are left out. The number of rows comes from a page, or from the answer that only
 * counts rows. Both window functions partition by dataset and hour, so that filters on these columns reach the table.
 */
const newest: StoreStatement = {
  name: 'latest_flow_constraints',
  sql: `
    CREATE OR REPLACE VIEW tidemark.latest_flow_constraints AS
    SELECT told.dataset AS dataset, told.hour AS hour, delivery_start, tso, cne_name, cne_eic, direction, contingency,
           presolved, ram_mw, ptdf, numbers, texts, contingencies, row, told.skip AS skip, total_rows,
           upstream_modified_at, told.known_at AS known_at
    FROM
    (
        SELECT *,
               max((known_at, transform_version)) OVER (PARTITION BY dataset, hour, skip) AS newest_of_page,
               max((known_at, transform_version, total_rows)) OVER (PARTITION BY dataset, hour) AS newest_of_hour
        FROM tidemark.flow_constraints FINAL
    ) AS told
    LEFT ANY JOIN
    (
        SELECT dataset, toDateTime(window_start, 'UTC') AS hour, toUInt32OrZero(substring(selector, 6)) AS skip,
               max((known_at, transform_version)) AS newest
        FROM tidemark.stored_answers
        WHERE replaces AND startsWith(selector, 'rows-')
        GROUP BY dataset, hour, skip
    ) AS page ON told.dataset = page.dataset AND told.hour = page.hour AND told.skip = page.skip
    LEFT ANY JOIN
    (
        SELECT dataset, toDateTime(window_start, 'UTC') AS hour, max((known_at, transform_version, points)) AS newest
        FROM tidemark.stored_answers
        WHERE replaces AND selector IS NULL
        GROUP BY dataset, hour
    ) AS counted ON told.dataset = counted.dataset AND told.hour = counted.hour
    WHERE (told.known_at, told.transform_version) = greatest(newest_of_page, page.newest)
        AND told.skip < greatest(newest_of_hour, counted.newest).3`,
}

export const constraintStatements: StoreStatement[] = [table, inserted, filling, newest]

export const constraintTable = (dataset: string): OwnTable => ({
  name: 'tidemark.flow_constraints',
  rows: `dataset = '${dataset}'`,
  time: 'hour',
  windowStart: 'hour',
  transformVersion: 'transform_version',
})

export const constraintView = (dataset: string, name: string) => ({
  name,
  select: `
      SELECT * EXCEPT (dataset)
      FROM tidemark.latest_flow_constraints
      WHERE dataset = '${dataset}'`,
})
