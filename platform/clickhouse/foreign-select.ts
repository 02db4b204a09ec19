// Runs a SELECT that somebody wrote: checked by its syntax tree, and within limits of time, memory and size.
import type { Readable } from 'node:stream'
import type { ClickHouseSettings } from '@clickhouse/client'
import { UserError } from '../process/user-error.ts'
import type { Store } from './client.ts'

export interface ForeignSelect {
  sql: string
  parameters: Record<string, unknown>
  maxRows: number
  /** Time in which it must end, ms. */
  maxMs: number
}

export interface ForeignAnswer {
  /** In the order of the SELECT. */
  columns: { name: string; type: string }[]
  /**
   * At most one more than `maxRows`. Numbers are numbers, and a whole number above 2^53 is text, because a number would round
   * it. Times are ISO 8601 text with Z.
   */
  rows: Record<string, unknown>[]
}

const maxMemoryBytes = 512 * 1024 * 1024
const maxAnswerBytes = 4 * 1024 * 1024
/** The client waits that much longer than the store, ms. */
const graceMs = 5_000

/** Table functions that compute, or read tables which the reader may read anyway. */
const harmless = 'numbers numbers_mt zeros generateSeries generate_series values view merge primes'.split(' ')
/** Functions that reach files or other machines, also where they do not stand in FROM, or that only wait. */
const refused = new Set(
  `file filecluster url urlcluster remote remotesecure cluster clusterallreplicas s3 s3cluster gcs oss cosn hdfs hdfscluster
   azureblobstorage azureblobstoragecluster iceberg deltalake hudi paimon mysql postgresql mongodb redis jdbc odbc sqlite
   executable eval viewexplain loop dictionary arrowstream filesystem catboostevaluate sleep sleepeachrow`.split(/\s+/),
)

/**
 * Refuses what is not one SELECT, or what has SETTINGS, or calls functions that reach files or other machines. Nothing is
 * run but EXPLAIN. @throws UserError, or the store's error for what it cannot read
 */
export async function checkForeignSelect(
  store: Store,
  { sql, parameters, maxMs }: Pick<ForeignSelect, 'sql' | 'parameters' | 'maxMs'>,
  signal?: AbortSignal,
): Promise<void> {
  const query = `SELECT explain FROM (EXPLAIN AST ${wrapped(sql, 1)})`
  const { rows } = await ask(store, { query, parameters, maxMs }, signal)
  const why = refusalOf(rows.map(({ explain }) => String(explain)))
  if (why !== undefined) throw new UserError(why)
}

/**
 * Runs a SELECT that was checked. @throws UserError if the answer is too large, the store's error if it fails, or an
 * AbortError
 */
export function runForeignSelect(
  store: Store,
  { sql, parameters, maxRows, maxMs }: ForeignSelect,
  signal?: AbortSignal,
): Promise<ForeignAnswer> {
  return ask(store, { query: wrapped(sql, maxRows + 1), parameters, maxMs }, signal)
}

/** In parentheses, it is nothing but a SELECT, without a format and a file to write to. */
const wrapped = (sql: string, limit: number): string =>
  `SELECT * FROM (\n${sql.replace(/[;\s]+$/, '')}\n) LIMIT ${limit}`

/** Returns why a syntax tree, in lines, is refused. Pure. undefined: it may be run. */
export function refusalOf(tree: readonly string[]): string | undefined {
  if (!tree[0]?.startsWith('SelectWithUnionQuery ')) return 'The query is not a SELECT that the store can explain.'
  for (const [index, line] of tree.entries()) {
    const node = line.trim()
    if (node === 'Set') return 'The query may not have SETTINGS: the alerter limits its time and memory itself.'
    const name = /^Function (\S+)/.exec(node)?.[1]
    if (name === undefined) continue
    const isTable = tree[index - 1]?.trim().startsWith('TableExpression ') === true
    if (isTable ? !harmless.includes(name) : refused.has(name.toLowerCase()))
      return `The query may not use ${name}(): it reads the tables of the store alone, and does not wait.`
  }
  return undefined
}

async function ask(
  store: Store,
  { query, parameters, maxMs }: { query: string; parameters: Record<string, unknown>; maxMs: number },
  signal?: AbortSignal,
): Promise<ForeignAnswer> {
  signal?.throwIfAborted()
  const tooLate = AbortSignal.timeout(maxMs + graceMs)
  try {
    const { stream } = await store.exec({
      query: `${query}\nFORMAT JSON`,
      query_params: parameters,
      abort_signal: signal === undefined ? tooLate : AbortSignal.any([signal, tooLate]),
      use_multipart_params_auto: true,
      clickhouse_settings: limitsOf(maxMs),
    })
    const { meta, data } = JSON.parse(await textOf(stream), exactly) as {
      meta: ForeignAnswer['columns']
      data: ForeignAnswer['rows']
    }
    return { columns: meta, rows: data }
  } catch (error) {
    if (!tooLate.aborted) throw error
    throw new UserError(`The store did not answer within ${(maxMs + graceMs) / 1_000} s.`, { cause: error })
  }
}

/** Keeps the digits of a whole number that a number would round. `source` is the text of the number. */
const exactly = (_name: string, value: unknown, context?: { source?: string }): unknown =>
  Number.isInteger(value) && !Number.isSafeInteger(value) ? context?.source : value

const limitsOf = (maxMs: number): ClickHouseSettings => ({
  readonly: '2',
  max_execution_time: Math.max(1, Math.ceil(maxMs / 1_000)),
  timeout_overflow_mode: 'throw',
  max_memory_usage: String(maxMemoryBytes),
  max_result_bytes: String(maxAnswerBytes),
  result_overflow_mode: 'throw',
  // An error after the first rows is an error of the request.
  wait_end_of_query: 1,
  cancel_http_readonly_queries_on_client_close: 1,
  date_time_output_format: 'iso',
  output_format_json_quote_64bit_integers: 0,
})

async function textOf(stream: Readable): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxAnswerBytes) throw new UserError(`The answer of the query is larger than ${maxAnswerBytes} bytes.`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
