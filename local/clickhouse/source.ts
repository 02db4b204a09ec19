import type { IncomingMessage } from 'node:http'
import { pipeline } from 'node:stream'
import { MAX_STATEMENT_BYTES } from './config.ts'
import { decoderOf } from './encoding.ts'
import { Failure } from './failure.ts'
import { readStatement, type Statement } from './statement.ts'
import { tokens } from './tokens.ts'

export class Body {
  readonly #chunks: AsyncIterator<Buffer>
  readonly #stallMs: number

  constructor(request: IncomingMessage, stallMs: number) {
    this.#stallMs = stallMs
    const decoder = decoderOf(request.headers['content-encoding'])
    // The empty callback prevents an uncaught error. `next` reports the error.
    const stream = decoder === undefined ? request : pipeline(request, decoder, () => {})
    this.#chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  }

  /** @throws Failure ZLIB_INFLATE_FAILED, NETWORK_ERROR if the client left, SOCKET_TIMEOUT if it stalls */
  async next(): Promise<Buffer | undefined> {
    const { promise: stalled, reject } = Promise.withResolvers<never>()
    const timer = setTimeout(() => reject(stalledFor(this.#stallMs)), this.#stallMs)
    try {
      const next = await Promise.race([this.#chunks.next(), stalled])
      return next.done ? undefined : next.value
    } catch (error) {
      throw asFailure(error as NodeJS.ErrnoException)
    } finally {
      clearTimeout(timer)
    }
  }
}

function stalledFor(stallMs: number): Failure {
  return new Failure(209, 'SOCKET_TIMEOUT', `Nothing of the request body came for ${stallMs / 1000} seconds.`)
}

function asFailure(error: NodeJS.ErrnoException): Failure {
  if (error instanceof Failure) return error
  if (error.code === 'ECONNRESET' || error.code === 'ERR_STREAM_PREMATURE_CLOSE') {
    return new Failure(210, 'NETWORK_ERROR', 'The client left before its request was whole.')
  }
  return new Failure(354, 'ZLIB_INFLATE_FAILED', `Cannot decompress the request: ${error.message}.`)
}

/** A statement and the data of an INSERT: first `begun`, the bytes read with the statement, then the rest of `body`. */
export interface Source {
  statement: Statement
  begun: Buffer
  body: Body
}

/**
 * Joins the values of several `query` parameters. Inserts a line break where two words would merge, because curl strips
 * the leading blank of a form field.
 */
export function joinQueries(queries: string[]): string {
  return queries.reduce((text, next) => text + (endsInWord(text) && /^[\w$]/.test(next) ? '\n' : '') + next, '')
}

function endsInWord(text: string): boolean {
  const bytes = Buffer.from(text).toString('latin1')
  try {
    const last = [...tokens(bytes)].at(-1)
    return last?.kind === 'word' && last.end === bytes.length && readStatement(bytes, false)?.kind !== 'insert'
  } catch {
    return false
  }
}

/**
 * Reads the statement from the text `before` and then the body, at most 256 KiB. Stops where data begins.
 * @throws Failure SYNTAX_ERROR for an invalid or too long statement, and the failures of Body.next
 */
export async function readSource(body: Body, before: string): Promise<Source> {
  let seen: Buffer = Buffer.from(before)
  let tryAt = 1
  for (;;) {
    const next = await body.next()
    if (next !== undefined) seen = seen.length === 0 ? next : Buffer.concat([seen, next])
    const isOver = next === undefined
    const isFull = seen.length > MAX_STATEMENT_BYTES
    if (!isOver && !isFull && seen.length < tryAt) continue
    const statement = readStatement(seen.toString('latin1', 0, MAX_STATEMENT_BYTES), isOver && !isFull)
    if (statement?.kind === 'insert') return { statement, begun: seen.subarray(statement.dataStart), body }
    if (statement !== undefined) return { statement, begun: Buffer.alloc(0), body }
    if (isOver || isFull) {
      const limit = `a statement has at most ${MAX_STATEMENT_BYTES} bytes`
      throw new Failure(62, 'SYNTAX_ERROR', `Max query size exceeded: ${limit}.`)
    }
    tryAt = seen.length * 2
  }
}

/** Returns all data of an INSERT, to check expressions in VALUES. Returns undefined if it exceeds 256 KiB. */
export async function readAhead(source: Source): Promise<string | undefined> {
  while (source.begun.length <= MAX_STATEMENT_BYTES) {
    const next = await source.body.next()
    if (next === undefined) return source.begun.toString('latin1')
    source.begun = Buffer.concat([source.begun, next])
  }
  return undefined
}
