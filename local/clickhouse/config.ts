import { resolve } from 'node:path'
import { z } from 'zod'

/** Limit of running queries. More queries wait. Each running query holds a libuv thread. */
export const MAX_QUERIES = 16
/** Limit of readers' running queries, lower than MAX_QUERIES, so that the sink never waits for readers. */
export const MAX_READER_QUERIES = 8
export const MAX_WAITING = 128
/** libuv threads besides those of queries: for files, zlib and KILL QUERY. */
export const SPARE_THREADS = 8
export const MAX_STATEMENT_BYTES = 256 * 1024
export const MAX_SESSIONS = 64
export const STALL_MS = 60_000

const threads = `must be at least ${MAX_QUERIES + SPARE_THREADS} when the process starts: a running query holds a thread, \
and with too few of them all file and network work stops`

const Environment = z.object({
  CLICKHOUSE_DATA_DIR: z
    .string()
    .min(1)
    .transform((path) => resolve(path))
    .refine((path) => !/[*?{}]/.test(path), 'must not hold * ? { } anywhere: the engine takes them for patterns'),
  CLICKHOUSE_PORT: z.coerce.number().int().min(0).max(65535),
  CLICKHOUSE_CREDENTIALS_FILE: z
    .string()
    .min(1)
    .transform((path) => resolve(path)),
  CLICKHOUSE_READER_LIMIT_MS: z.coerce.number().int().min(1).default(600_000),
  CLICKHOUSE_STALL_MS: z.coerce.number().int().min(1).default(STALL_MS),
  UV_THREADPOOL_SIZE: z.coerce
    .number()
    .int()
    .min(MAX_QUERIES + SPARE_THREADS, threads),
})

export interface EndpointConfig {
  dataDir: string
  port: number
  credentialsFile: string
  /** A reader's query is killed after this time, ms. The client may set a shorter max_execution_time. */
  readerLimitMs: number
  /** A client that reads no response bytes, or sends no request bytes, for this time is disconnected, ms. */
  stallMs: number
}

/** Reads the settings of the endpoint. @throws Error with one line per missing or invalid setting */
export function readConfig(environment: NodeJS.ProcessEnv): EndpointConfig {
  const parsed = Environment.safeParse(environment)
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
    throw new Error(`the ClickHouse endpoint cannot start:\n${lines.join('\n')}`)
  }
  return {
    dataDir: parsed.data.CLICKHOUSE_DATA_DIR,
    port: parsed.data.CLICKHOUSE_PORT,
    credentialsFile: parsed.data.CLICKHOUSE_CREDENTIALS_FILE,
    readerLimitMs: parsed.data.CLICKHOUSE_READER_LIMIT_MS,
    stallMs: parsed.data.CLICKHOUSE_STALL_MS,
  }
}
