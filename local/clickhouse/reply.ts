import { randomBytes } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import type { Transform, Writable } from 'node:stream'
import { httpStatus } from './failure.ts'

/** Content of X-ClickHouse-Summary, under the server's names. The library does not report the rows and bytes read. */
export interface Summary {
  elapsed_ns: number
  written_rows?: number
  written_bytes?: number
  result_rows?: number
}

export class Reply {
  readonly #response: ServerResponse
  readonly #headers: Record<string, string> = {}
  readonly #tag = randomBytes(8).toString('hex')
  #encoding: { name: string; encoder: Transform } | undefined
  #out: Writable | undefined

  constructor(response: ServerResponse) {
    this.#response = response
    this.#headers['X-ClickHouse-Server-Display-Name'] = 'tidemark'
    this.#headers['X-ClickHouse-Timezone'] = 'UTC'
    this.#headers['X-ClickHouse-Exception-Tag'] = this.#tag
    this.#headers['Cache-Control'] = 'no-store'
    this.#headers['X-Content-Type-Options'] = 'nosniff'
  }

  get response(): ServerResponse {
    return this.#response
  }

  get isBegun(): boolean {
    return this.#out !== undefined
  }

  header(name: string, value: string): void {
    this.#headers[name] = value
  }

  compressWith(encoding: { name: string; encoder: Transform } | undefined): void {
    this.#encoding = encoding
  }

  begin(): Writable {
    if (this.#out !== undefined) return this.#out
    if (this.#encoding !== undefined) this.#headers['Content-Encoding'] = this.#encoding.name
    this.#response.writeHead(200, this.#headers)
    this.#out = this.#response
    if (this.#encoding !== undefined) {
      this.#encoding.encoder.pipe(this.#response)
      this.#out = this.#encoding.encoder
    }
    return this.#out
  }

  end(summary: Summary, bytes: Buffer[]): void {
    if (!this.isBegun) this.#headers['X-ClickHouse-Summary'] = summaryJson(summary)
    if (!this.isBegun && this.#encoding === undefined) {
      this.#headers['Content-Length'] = String(bytes.reduce((sum, one) => sum + one.length, 0))
    }
    const out = this.begin()
    for (const one of bytes) out.write(one)
    out.end()
  }

  /** Sends an error as status and text; after the first bytes, as an `__exception__` block like servers since 25.11. */
  fail(error: { code: number; message: string }): void {
    if (this.#response.destroyed || this.#response.writableEnded) return
    if (this.#out === undefined) {
      this.#failWhole(error)
      return
    }
    const message = `${error.message}\n`
    const length = Buffer.byteLength(message)
    const mark = `__exception__\r\n`
    this.#out.end(`\r\n${mark}${this.#tag}\r\n${message}${length} ${this.#tag}\r\n${mark}`)
  }

  #failWhole(error: { code: number; message: string }): void {
    this.#headers['X-ClickHouse-Exception-Code'] = String(error.code)
    this.#headers['Content-Type'] = 'text/plain; charset=UTF-8'
    if (error.code === 516) this.#headers['WWW-Authenticate'] = 'Basic realm="ClickHouse server HTTP API"'
    this.#response.writeHead(httpStatus(error.code), this.#headers)
    this.#response.end(`${error.message}\n`)
  }
}

/** Prints a summary as JSON. Its numbers are strings, as in the server's summary. */
function summaryJson(summary: Summary): string {
  return JSON.stringify(Object.fromEntries(Object.entries(summary).map(([name, value]) => [name, String(value)])))
}

const CONTENT_TYPES: [RegExp, string][] = [
  [
    /^(JSON|JSONCompact|JSONStrings|JSONColumns|JSONCompactColumns|JSONColumnsWithMetadata|JSONObjectEachRow)$/i,
    'application/json; charset=UTF-8',
  ],
  [/^JSON.*EachRow.*/i, 'application/x-ndjson; charset=UTF-8'],
  [/^(CSV)/i, 'text/csv; charset=UTF-8; header=absent'],
  [/^(TSV|TabSeparated)/i, 'text/tab-separated-values; charset=UTF-8'],
  [/^(Values|Vertical|Pretty|Markdown|SQLInsert|LineAsString|RawBLOB)/i, 'text/plain; charset=UTF-8'],
  [/^XML$/i, 'application/xml; charset=UTF-8'],
]

export function contentType(format: string): string {
  return CONTENT_TYPES.find(([pattern]) => pattern.test(format))?.[1] ?? 'application/octet-stream'
}
