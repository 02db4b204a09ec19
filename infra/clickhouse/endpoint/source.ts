import type { IncomingMessage } from 'node:http'
import { pipeline, Readable } from 'node:stream'
import { MAX_STATEMENT_BYTES } from './config.ts'
import { decoderOf } from './encoding.ts'
import { Failure } from './failure.ts'
import { readStatement, type Statement } from './statement.ts'

/** A request's statement and, for an INSERT, the data that follows it: `begun`, then the rest of `stream`. */
export interface Source {
  statement: Statement
  begun: Buffer
  stream: AsyncIterator<Buffer>
}

/**
 * Reads the statement from the URL's query and the body, which are one text, and stops where data begins. Reads at
 * most 256 KiB before it knows.
 * @throws Failure 62 for what is no statement or too long, 69 and 354 for bodies that cannot be decoded
 */
export async function readSource(request: IncomingMessage, query: string): Promise<Source> {
  const stream = bodyOf(request)[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  // The server joins the two by a line break; an INSERT's data begins after it.
  let seen: Buffer = query === '' ? Buffer.alloc(0) : Buffer.from(`${query}\n`)
  let tryAt = 1
  for (;;) {
    const next = await nextChunk(stream)
    if (next !== undefined) seen = seen.length === 0 ? next : Buffer.concat([seen, next])
    const isOver = next === undefined
    const isFull = seen.length > MAX_STATEMENT_BYTES
    if (!isOver && !isFull && seen.length < tryAt) continue
    const text = seen.toString('latin1', 0, MAX_STATEMENT_BYTES)
    const statement = readStatement(text, isOver && !isFull)
    if (statement !== undefined) {
      const begun = statement.kind === 'insert' ? seen.subarray(statement.dataStart) : Buffer.alloc(0)
      return { statement, begun, stream }
    }
    if (isOver || isFull) {
      throw new Failure(
        62,
        'SYNTAX_ERROR',
        `Max query size exceeded: a statement has at most ${MAX_STATEMENT_BYTES} bytes.`,
      )
    }
    tryAt = seen.length * 2
  }
}

/** @throws Failure 354 when the body's compression is broken, 210 when the client left */
export async function nextChunk(stream: AsyncIterator<Buffer>): Promise<Buffer | undefined> {
  try {
    const next = await stream.next()
    return next.done ? undefined : next.value
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE') {
      throw new Failure(210, 'NETWORK_ERROR', 'The client left before its request was whole.')
    }
    throw new Failure(354, 'ZLIB_INFLATE_FAILED', `Cannot decompress the request: ${(error as Error).message}.`)
  }
}

function bodyOf(request: IncomingMessage): Readable {
  const decoder = decoderOf(request.headers['content-encoding'])
  if (decoder === undefined) return request
  // The callback only keeps an error from being unhandled: readers see it as they read.
  return pipeline(request, decoder, () => {}) ?? Readable.from([])
}
