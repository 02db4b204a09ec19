import { PassThrough, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ClickHouseSettings } from '@clickhouse/client'
import type { Store } from './client.ts'
import { cutException } from './exception-block.ts'

/** A SELECT with its parameters. Every table has its database before its name. */
export interface Question {
  sql: string
  parameters: Record<string, unknown>
  /** Columns that are lists or maps. CSV has no such type: they are JSON text there. */
  nested?: readonly string[]
}

/** Formats of the store in which rows are streamed. */
export type RowFormat = 'JSONEachRow' | 'CSVWithNames' | 'ArrowStream'

/** Times are ISO 8601 text with Z, numbers are numbers, and a null is `null` or, in CSV, nothing. */
const plainRows: ClickHouseSettings = {
  date_time_output_format: 'iso',
  output_format_json_quote_64bit_integers: 0,
  format_csv_null_representation: '',
  output_format_arrow_string_as_string: 1,
}

/**
 * Runs a SELECT and returns its rows as they come, with back-pressure. The stream fails if the statement fails after its
 * first rows. `signal` ends the statement.
 * @throws ClickHouseError, or a network error, if the statement fails before its first rows
 */
export async function streamRows(
  store: Store,
  { sql, parameters, nested = [] }: Question,
  format: RowFormat,
  signal: AbortSignal,
  settings: ClickHouseSettings = {},
): Promise<Readable> {
  signal.throwIfAborted()
  const asText = nested.map((column) => `toJSONString(${column}) AS ${column}`).join(', ')
  const select = format === 'CSVWithNames' && asText !== '' ? `SELECT * REPLACE(${asText}) FROM (${sql})` : sql
  const { stream, response_headers: headers } = await store.exec({
    query: `${select}\nFORMAT ${format}`,
    query_params: parameters,
    clickhouse_settings: { ...plainRows, ...settings },
    abort_signal: signal,
    use_multipart_params_auto: true,
  })
  const tag = headers['x-clickhouse-exception-tag']
  const { rows, message } = cutException(typeof tag === 'string' ? tag : null)
  const out = new PassThrough()
  // Who reads the stream sees its error. One that comes before somebody reads must not end the process.
  out.on('error', () => {})
  pipeline(stream, rows, out, { signal, end: false }).then(
    () => {
      const failure = message()
      if (failure === undefined) out.end()
      else out.destroy(new Error(failure))
    },
    (error: Error) => out.destroy(error),
  )
  return out
}
