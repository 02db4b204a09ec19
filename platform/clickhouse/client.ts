import { type ClickHouseClient, ClickHouseLogLevel, type ClickHouseSettings, createClient } from '@clickhouse/client'

export type Store = ClickHouseClient

export interface StoreConfig {
  /** An http or https URL with a port. For https, a root certificate of the system must verify the server. */
  url: string
  user: string
  password: string
  requestTimeoutMs: number
  /** Settings of every query. */
  settings?: ClickHouseSettings
}

export const database = 'tidemark'

/** Creates a client that connects at its first request and logs nothing. errorKind() classifies its errors. */
export function createStore(config: StoreConfig): Store {
  return createClient({
    url: config.url,
    username: config.user,
    password: config.password,
    // No default database, because the first migration creates it. Every statement names the database.
    application: 'tidemark',
    request_timeout: config.requestTimeoutMs,
    max_open_connections: 10,
    ...(config.settings && { clickhouse_settings: config.settings }),
    // Servers close idle sockets after 3 s or more, which can reset a request (clickhouse-js issue 150). So we close
    // them first, after 2 s.
    keep_alive: { enabled: true, idle_socket_ttl: 2_000, eagerly_destroy_stale_sockets: true },
    log: { level: ClickHouseLogLevel.OFF },
  })
}

/** Runs a query. Returns rows as objects, with 64-bit integers as numbers. `signal` ends the query. */
export async function readRows<Row>(
  store: Store,
  query: string,
  parameters: Record<string, unknown>,
  signal?: AbortSignal,
): Promise<Row[]> {
  signal?.throwIfAborted()
  const settings = { output_format_json_quote_64bit_integers: 0 } as const
  const result = await store.query({
    query,
    query_params: parameters,
    format: 'JSONEachRow',
    clickhouse_settings: settings,
    ...(signal && { abort_signal: signal }),
    // Sends parameters that are too long for the URL in the body.
    use_multipart_params_auto: true,
  })
  return result.json<Row>()
}

/** Settings of every insert. They are explicit, because servers change their defaults (async_insert in 26.2). */
export const insertSettings: ClickHouseSettings = {
  // The server responds when the rows are in the table and in the tables of all its views.
  async_insert: 0,
  wait_end_of_query: 1,
  materialized_views_ignore_errors: 0,
  // No deduplication of blocks: rows are idempotent by key, and a rebuild must be able to insert a block again.
  insert_deduplicate: 0,
  date_time_input_format: 'best_effort',
  // Merges collapse equal keys. To collapse each block before it is written would cost a third of the speed.
  optimize_on_insert: 0,
  parallel_view_processing: 1,
  max_insert_threads: '2',
  // A replay's insert may fill more than the default limit of 100 partitions (error 252, TOO_MANY_PARTS).
  max_partitions_per_insert_block: '1000',
}

/**
 * Inserts rows. Resolves when the rows can be queried. If the server crashes, some rows may remain: insert all again.
 * @param into the database: `tidemark`, or a database of staging tables
 * @throws ClickHouseError, or a network error; errorKind() classifies both
 */
export async function insert(
  store: Store,
  table: string,
  columns: string[],
  rows: unknown[][],
  into = database,
): Promise<void> {
  const [first, ...others] = columns
  if (first === undefined) throw new RangeError(`insert into ${table}: no columns`)
  if (rows.length === 0) return
  await store.insert({
    table: `${into}.${table}`,
    columns: [first, ...others],
    values: rows,
    format: 'JSONCompactEachRow',
    clickhouse_settings: insertSettings,
  })
}
