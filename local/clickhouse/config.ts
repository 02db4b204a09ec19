import { resolve } from 'node:path'
import { z } from 'zod'

/** Queries that run at one time; the rest waits. Each one holds a libuv thread for as long as it runs. */
export const MAX_QUERIES = 16
/** Of these, what readers may have at most: whatever they ask for, the sink goes on. */
export const MAX_READER_QUERIES = 8
/** Requests of each role that may wait for a place; the next one is told 202. */
export const MAX_WAITING = 128
/** Threads besides the queries: files, zlib, and the statements that kill queries. */
export const SPARE_THREADS = 8
export const MAX_STATEMENT_BYTES = 256 * 1024
export const MAX_SESSIONS = 64
/** A client that owes us bytes and sends none for so long is given up, and so is one that takes none of ours. */
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
  /** 0 lets the system choose one. */
  port: number
  credentialsFile: string
  /** A reader's query is ended after so long; max_execution_time may ask for less. */
  readerLimitMs: number
  /** A client that takes none of its answer, or sends none of its request, for so long is given up. */
  stallMs: number
}

/** Reads the process environment. @throws Error with one line for every setting that is missing or wrong */
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
