import { insertSettings } from '#platform/clickhouse/client.ts'

// SQL of the rival: ClickHouse's own Kafka engine, from the topic jao.raw into copies of tidemark's two tables.

/** A table of tidemark, as the store itself says it. */
export interface TableDefinition {
  name: string
  create: string
  columns: string[]
}

export interface RivalInput {
  brokers: string
  registryUrl: string
  partitions: number
  transformVersion: number
}

/** Settings of the rival's inserts: those of tidemark's. wait_end_of_query is a parameter of HTTP. */
const { wait_end_of_query: _, ...profile } = insertSettings
export const rivalProfile: Record<string, unknown> = profile

/**
 * Answers per block and consumer: 1.3 million points. Of 100, 200, 300, 400 and 600 answers, and of 250 and 1,000 ms, these
 * took the least CPU and the least time. A block also ends after 250 ms: with 1,000 ms the last one waits for a second.
 */
const blockSettings =
  'kafka_max_block_size = 400, kafka_poll_max_batch_size = 400, kafka_flush_interval_ms = 250, kafka_thread_per_consumer = 1'

/** How each column of tidemark's tables is made of a row of `cells`. */
const expressions = (transformVersion: number): Record<string, string> => ({
  dataset: 'dataset',
  key: 'key',
  ts: 'ts',
  value: 'value',
  version: `(toUInt64(known_at_ms) * 4096 + ${transformVersion}) * 2 + 1`,
  known_at: "fromUnixTimestamp64Milli(known_at_ms, 'UTC')",
  transform_version: `${transformVersion}`,
  window_start: 'window_start',
  window_end: 'window_end',
  step_s: '3600',
  flags: "''",
  origin: 'origin',
  upstream_modified_at: "toDateTime64(0, 3, 'UTC')",
  raw_partition: 'raw_partition',
  raw_offset: 'raw_offset',
  identity: 'identity',
})

/**
 * Two ways to parse. `two_parsing_views` is how it is mostly written: two views on the topic, and each parses every body.
 * `parsed_once` is the cheapest that was found: one view parses, with types instead of text, and two views take its cells.
 */
export type RivalWay = 'two_parsing_views' | 'parsed_once'

/**
 * Returns the statements that make the rival's tables and views. Reading begins with the last one. The raw topic is read as
 * it is: Avro in Confluent's framing, of which the engine takes the body and what the tables need.
 * @throws Error if a table has a column that the rival does not know
 */
export function rivalStatements(tables: TableDefinition[], way: RivalWay, input: RivalInput): string[] {
  const { brokers, registryUrl, partitions, transformVersion } = input
  const fill = (cells: string) => tables.map((table) => fillFrom(cells, table, transformVersion))
  const rawRows = `(SELECT *, _partition AS partition, _offset AS offset FROM tidemark.raw)`
  return [
    'CREATE DATABASE tidemark',
    ...tables.map(({ create }) => create),
    `CREATE TABLE tidemark.raw (dataset LowCardinality(String), requestIdentity String, windowStart Int64, windowEnd Int64,
      fetchedAt Int64, origin LowCardinality(String), body String)
    ENGINE = Kafka SETTINGS kafka_broker_list = '${brokers}', kafka_topic_list = 'jao.raw', kafka_group_name = '${way}',
      kafka_format = 'AvroConfluent', format_avro_schema_registry_url = '${registryUrl}',
      kafka_num_consumers = ${partitions}, ${blockSettings}`,
    ...(way === 'parsed_once'
      ? [
          `CREATE TABLE tidemark.cells (dataset LowCardinality(String), key LowCardinality(String), ts DateTime('UTC'),
            value Nullable(Float64), known_at_ms Int64, window_start DateTime('UTC'), window_end DateTime('UTC'),
            origin LowCardinality(String), raw_partition UInt32, raw_offset UInt64, identity UInt64)
          ENGINE = Null`,
          ...fill('tidemark.cells'),
          `CREATE MATERIALIZED VIEW tidemark.read TO tidemark.cells AS ${cellsOf(typedRows(rawRows))}`,
        ]
      : [
          // Both views begin at once: reading would begin with the first of two views on the topic.
          `CREATE TABLE tidemark.bodies (dataset LowCardinality(String), requestIdentity String, windowStart Int64,
            windowEnd Int64, fetchedAt Int64, origin LowCardinality(String), body String, partition UInt32, offset UInt64)
          ENGINE = Null`,
          ...fill(`(${cellsOf(textRows('tidemark.bodies'))})`),
          `CREATE MATERIALIZED VIEW tidemark.read TO tidemark.bodies AS SELECT * FROM ${rawRows}`,
        ]),
  ]
}

function fillFrom(cells: string, { name, columns }: TableDefinition, transformVersion: number): string {
  const known = expressions(transformVersion)
  const selected = columns.map((column) => {
    const expression = known[column]
    if (expression === undefined)
      throw new Error(`${name} has a column ${column}: say in test/bench/rival-tables.ts how the rival makes it`)
    return `${expression} AS ${column}`
  })
  return `CREATE MATERIALIZED VIEW tidemark.fill_${name} TO tidemark.${name} AS SELECT ${selected.join(', ')} FROM ${cells}`
}

/** SELECT of cells from rows of bodies. The identity is the first 53 bits of a SHA-256: core/request-identity.ts. */
const cellsOf = (rows: string): string => `
SELECT dataset, cell.1 AS key, ts, cell.2 AS value, fetchedAt AS known_at_ms,
  toDateTime(intDiv(windowStart, 1000), 'UTC') AS window_start, toDateTime(intDiv(windowEnd, 1000), 'UTC') AS window_end,
  origin, partition AS raw_partition, offset AS raw_offset,
  greatest(1, bitShiftRight(reinterpretAsUInt64(reverse(substring(SHA256(requestIdentity), 1, 8))), 11)) AS identity
FROM (${rows})
ARRAY JOIN cells AS cell
WHERE cell.1 NOT IN ('id', 'dateTimeUtc')`

const typedRows = (bodies: string): string => `
SELECT * EXCEPT (row, stamp), stamp.1 AS ts, CAST(row AS Array(Tuple(LowCardinality(String), Nullable(Float64)))) AS cells
FROM
(
  SELECT * EXCEPT body,
    JSONExtract(body, 'data', 'Array(Map(LowCardinality(String), Nullable(Float64)))') AS rows,
    JSONExtract(body, 'data', 'Array(Tuple(dateTimeUtc DateTime))') AS stamps
  FROM ${bodies}
)
ARRAY JOIN rows AS row, stamps AS stamp`

const textRows = (bodies: string): string => `
SELECT * EXCEPT row, parseDateTimeBestEffort(JSONExtractString(row, 'dateTimeUtc'), 'UTC') AS ts,
  arrayMap(cell -> (cell.1, toFloat64OrNull(cell.2)), JSONExtractKeysAndValuesRaw(row)) AS cells
FROM
(
  SELECT * EXCEPT body, arrayJoin(JSONExtractArrayRaw(body, 'data')) AS row
  FROM ${bodies}
)`

/** Query of the number of rows of a table, and of a hash of all of its columns that does not depend on their order. */
export function contentQuery({ name, columns }: TableDefinition): string {
  // A hash of null is null.
  const hashed = columns.map((column) => (column === 'value' ? 'isNull(value), ifNull(value, 0)' : column))
  return `SELECT toString(count()) AS rows, toString(sum(cityHash64(${hashed.join(', ')}))) AS hash FROM tidemark.${name}`
}
