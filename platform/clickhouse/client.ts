import { type ClickHouseClient, ClickHouseLogLevel, type ClickHouseSettings, createClient } from '@clickhouse/client'

export type Store = ClickHouseClient

export interface StoreConfig {
  /** http or https, with port. https checks the certificate against the system's roots. */
  url: string
  user: string
  password: string
  requestTimeoutMs: number
}

export const database = 'tidemark'

/** Creates a client that connects at the first request and logs nothing. See errorKind() for its errors. */
export function createStore(config: StoreConfig): Store {
  return createClient({
    url: config.url,
    username: config.user,
    password: config.password,
    // No database: every statement names it, so that the first migration can create it.
    application: 'tidemark',
    request_timeout: config.requestTimeoutMs,
    max_open_connections: 10,
    // Servers close idle sockets after 3 s or more, which can reset a request (clickhouse-js issue 150). We close
    // first.
    keep_alive: { enabled: true, idle_socket_ttl: 2_000, eagerly_destroy_stale_sockets: true },
    log: { level: ClickHouseLogLevel.OFF },
  })
}

/** Explicit, because servers change their defaults (async_insert in 26.2). */
export const insertSettings: ClickHouseSettings = {
  // Respond when the rows are in the tables, including those of all views.
  async_insert: 0,
  wait_end_of_query: 1,
  materialized_views_ignore_errors: 0,
  // Rows are idempotent by key. A rebuild must not be dropped as a repeated block.
  insert_deduplicate: 0,
  date_time_input_format: 'best_effort',
  // Merges collapse equal keys. Collapsing each block before it is written costs a third of the speed.
  optimize_on_insert: 0,
  parallel_view_processing: 1,
  max_insert_threads: '2',
  // An insert of a replay may fill more than the default limit of 100 partitions (code 252).
  max_partitions_per_insert_block: '1000',
}

/**
 * Resolves when the rows can be queried. A crash of the server may leave some of the rows; inserting again is safe.
 * @param into the database; another one than tidemark's holds staging tables
 * @throws ClickHouseError, or a network error; see errorKind()
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
