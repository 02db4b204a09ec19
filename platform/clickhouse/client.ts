import { type ClickHouseClient, ClickHouseLogLevel, type ClickHouseSettings, createClient } from '@clickhouse/client'

/** A client of the store: @clickhouse/client itself. Sessions and temporary tables are not used. */
export type Store = ClickHouseClient

export interface StoreConfig {
  /** http or https, with port; https checks the certificate against the system's roots. */
  url: string
  user: string
  password: string
  /** How long one request may take, ms. */
  requestTimeoutMs: number
}

/** The store's database, everywhere. */
export const database = 'tidemark'

/**
 * A client for the store at `config.url`. It connects at the first request, keeps at most ten sockets and logs nothing:
 * errors are thrown, and `errorKind` says what to do about one.
 */
export function createStore(config: StoreConfig): Store {
  return createClient({
    url: config.url,
    username: config.user,
    password: config.password,
    // No database: every statement names it, so that the first migration can create it.
    application: 'tidemark',
    request_timeout: config.requestTimeoutMs,
    max_open_connections: 10,
    // A server closes idle sockets after 3 s or more; one that is reused in the same moment resets the request
    // (clickhouse-js issue 150), so we are the first to close.
    keep_alive: { enabled: true, idle_socket_ttl: 2_000, eagerly_destroy_stale_sockets: true },
    log: { level: ClickHouseLogLevel.OFF },
  })
}

/** Settings of every insert. Written out because servers change their defaults (async_insert in 26.2). */
export const insertSettings: ClickHouseSettings = {
  // Answered when the rows are in the tables, all views' tables too.
  async_insert: 0,
  wait_end_of_query: 1,
  materialized_views_ignore_errors: 0,
  // Rows are idempotent by key. Where a server remembers inserted blocks, a rebuild must not be taken for a repetition.
  insert_deduplicate: 0,
  date_time_input_format: 'best_effort',
  // Merges collapse equal keys; collapsing inside a block before it is written costs a third of the speed.
  optimize_on_insert: 0,
  parallel_view_processing: 1,
  max_insert_threads: '2',
  // A replay spans years of known_at, a month of it being one partition; the default of 100 refuses that (252).
  max_partitions_per_insert_block: '1000',
}

/**
 * Inserts rows, each an array in the order of `columns`, and returns when they can be queried. One request: all or, when
 * a server dies in the middle, a part of the rows; the tables take a repetition without doubling anything.
 * @param into the database; others than tidemark's hold what is being built beside it
 * @throws ClickHouseError, or a network error; see `errorKind`
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
