import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { quoteString } from './quote.ts'

interface Library {
  CreateConnection(path: string, settings?: string[]): object
  CloseConnection(connection: object): void
  QueryWithConnection(connection: object, sql: string, format: string): string
  QueryAsyncConnection(connection: object, sql: string, format: string): Promise<RowsResult>
  InsertRawAsyncConnection(connection: object, sql: string, data: Buffer, countLines: boolean): Promise<WriteResult>
  DurableClassifyAsync(connection: object, sql: string, database: string): Promise<StatementClass>
}

export interface RowsResult {
  bytes: Buffer
  rowsRead: number
  bytesRead: number
}
export interface WriteResult {
  rowsWritten: number
  bytesWritten: number
}
/** What the engine makes of a statement. `queryClass`: 0 read, 1 write, 2 access, 3 control, 4 cannot be parsed. */
export interface StatementClass {
  statementCount: number
  queryClass: number
}

const PACKAGES: Record<string, string> = {
  'linux-x64': '@chdb/lib-linux-x64-gnu',
  'linux-arm64': '@chdb/lib-linux-arm64-gnu',
  'darwin-x64': '@chdb/lib-darwin-x64',
  'darwin-arm64': '@chdb/lib-darwin-arm64',
}

/** Runs one statement at a time. `close` waits for a running statement: closing earlier would abort the engine. */
export class Connection {
  readonly #library: Library
  readonly #handle: object
  readonly #calls: { running: number }
  #pending = 0
  #closing = false

  constructor(library: Library, handle: object, calls: { running: number }) {
    this.#calls = calls
    this.#library = library
    this.#handle = handle
  }

  run(sql: string, format: string): Promise<RowsResult> {
    return this.#track(() => this.#library.QueryAsyncConnection(this.#handle, sql, format))
  }

  /** Returns the number of rows written, including those written through views. */
  write(sql: string): Promise<WriteResult> {
    return this.#track(() => this.#library.InsertRawAsyncConnection(this.#handle, sql, Buffer.from('\n'), false))
  }

  classify(sql: string): Promise<StatementClass> {
    return this.#track(() => this.#library.DurableClassifyAsync(this.#handle, sql, 'default'))
  }

  close(): void {
    this.#closing = true
    this.#closeWhenIdle()
  }

  async #track<T>(start: () => Promise<T>): Promise<T> {
    this.#pending++
    this.#calls.running++
    try {
      return await start()
    } finally {
      this.#pending--
      this.#calls.running--
      this.#closeWhenIdle()
    }
  }

  #closeWhenIdle(): void {
    if (!this.#closing || this.#pending > 0) return
    this.#closing = false
    this.#library.CloseConnection(this.#handle)
  }
}

export interface Engine {
  /** The first connection. Without this reference, the garbage collector would close the engine. */
  root: object
  /** Calls running in the library. If the process ends during a call, it crashes. */
  readonly calls: { readonly running: number }
  /** Opens a connection in 0.1 ms. With `isReadonly` (readonly=2), it allows only reads and changes of settings. */
  connect(isReadonly?: boolean): Connection
  /** Asks the engine to stop every statement whose text contains `marker`. Does not wait for their end. */
  kill(marker: string): Promise<void>
}

/**
 * Opens the engine on `<dataDir>/engine`. The first connection stays open, because reopening the engine leaks threads.
 * @throws Error if the library is missing, or another process uses the directory
 */
export function openEngine(dataDir: string, configFile: string): Engine {
  const library = loadLibrary()
  const path = join(dataDir, 'engine')
  const root = openRoot(library, path, configFile)
  forgetDangerousTables(library, root)
  const calls = { running: 0 }
  function connect(isReadonly = false) {
    const handle = library.CreateConnection(path)
    if (isReadonly) library.QueryWithConnection(handle, 'SET readonly=2', 'Null')
    return new Connection(library, handle, calls)
  }
  return { root, connect, kill: (marker) => kill(connect(), marker), calls }
}

function openRoot(library: Library, path: string, configFile: string): object {
  try {
    return library.CreateConnection(path, [`--config-file=${configFile}`])
  } catch (cause) {
    throw new Error(whyNotOpened(path), { cause })
  }
}

/** Drops system.stack_trace: reading it signals every thread of this process. Grants do not protect system tables. */
function forgetDangerousTables(library: Library, root: object): void {
  library.QueryWithConnection(root, 'DROP TABLE IF EXISTS system.stack_trace SYNC', 'Null')
}

async function kill(connection: Connection, marker: string): Promise<void> {
  // The marker is split so that this statement does not match itself. ASYNC, because SYNC would never return in chDB.
  const [head, tail] = [marker.slice(0, 3), marker.slice(3)].map(quoteString)
  try {
    await connection.run(`KILL QUERY WHERE position(query, concat(${head}, ${tail})) > 0 ASYNC`, 'Null')
  } finally {
    connection.close()
  }
}

function loadLibrary(): Library {
  const platform = `${process.platform}-${process.arch}`
  const name = PACKAGES[platform]
  if (name === undefined) {
    throw new Error(`there is no embedded ClickHouse for ${platform}; set CLICKHOUSE_URL to a server instead`)
  }
  try {
    return createRequire(import.meta.url)(name) as Library
  } catch (cause) {
    const why = (cause as Error).message.split('\n')[0]
    throw new Error(
      `the embedded ClickHouse (${name}) cannot be loaded: ${why}; run "npm run setup", or set CLICKHOUSE_URL to a server (it needs glibc and a CPU with AVX2)`,
      { cause },
    )
  }
}

function whyNotOpened(path: string): string {
  const pid = Number(/PID: (\d+)/.exec(readStatus(path))?.[1])
  if (Number.isInteger(pid) && pid !== process.pid && isAlive(pid)) {
    return `the data directory ${path} is in use by process ${pid}; stop it or choose another directory`
  }
  return `the data directory ${path} cannot be opened by the embedded ClickHouse; see the line it printed above`
}

function readStatus(path: string): string {
  try {
    return readFileSync(join(path, 'status'), 'utf8')
  } catch {
    return ''
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
