import { createReadStream, type Stats, statSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { pathToFileURL } from 'node:url'
import { printable } from '#platform/process/printable.ts'
import { UserError } from '#platform/process/user-error.ts'
import { gunzip, isGzip, isZstd, peek, unzstd } from './compressed-parts.ts'
import { probeBytes, unreadableReason } from './file-format.ts'
import { type PieceReader, pieceReader, remaining } from './pieces.ts'

export type Input = string | StreamInput

export interface StreamInput {
  name: string
  /** URL that the raw records get, for example `stdin:`. */
  url: string
  stream: Readable
}

export interface Content {
  name: string
  url: string
  size: number | undefined
  modifiedMs: number | undefined
  compressed: boolean
  /** The decompressed content. Can be iterated once. Throws UserError if the content cannot be read to its end. */
  pieces: AsyncIterable<Buffer>
  /** Bytes of the file or stream read so far, before decompression. */
  bytesRead: () => number
  changed: () => boolean
  close: () => void
}

const pieceBytes = 512 * 1024

/**
 * Opens a file or a stream, and decompresses gzip and zstd. `from` is the byte offset to begin at. It must be 0 if the
 * input is compressed or a stream.
 * @throws UserError if the input is not a regular file, cannot be read, or is not text
 */
export async function openContent(input: Input, from = 0): Promise<Content> {
  const isPath = typeof input === 'string'
  const name = nameOf(input)
  const stats = isPath ? statOf(input, name) : undefined
  let bytesRead = from
  const source = isPath ? createReadStream(input, { start: from, highWaterMark: pieceBytes }) : input.stream
  const reader = pieceReader(
    readingOf(source, name, (length) => {
      bytesRead += length
    }),
  )
  const first = await peek(reader, 4)
  if (isPath && first.length === 0 && from === 0 && /\.(?:gz|zst|zstd)$/i.test(input)) {
    throw new UserError(`${name} is empty, which a gzip or zstd file never is. Get it anew.`)
  }
  const decompress = from > 0 ? undefined : decompressorOf(first)
  const content = decompress === undefined ? remaining(reader) : decompress(reader, name)
  return {
    name,
    url: isPath ? pathToFileURL(input).href : input.url,
    size: stats?.size,
    modifiedMs: stats?.mtimeMs,
    compressed: decompress !== undefined,
    pieces: textOf(content, name, decompress !== undefined),
    bytesRead: () => bytesRead,
    changed: () => {
      const now = isPath ? statSync(input, { throwIfNoEntry: false }) : undefined
      return now?.size !== stats?.size || now?.mtimeMs !== stats?.mtimeMs
    },
    close: () => source.destroy(),
  }
}

export const nameOf = (input: Input): string => (typeof input === 'string' ? printable(input) : input.name)

function statOf(path: string, name: string): Stats {
  let stats: Stats | undefined
  try {
    stats = statSync(path, { throwIfNoEntry: false })
  } catch (error) {
    throw unreadable(name, error)
  }
  if (stats === undefined) throw new UserError(`There is no file ${name}.`)
  if (!stats.isFile()) throw new UserError(`${name} ${notRegularReason(stats)}`)
  return stats
}

export const notRegularReason = (stats: Stats): string =>
  stats.isFIFO()
    ? 'is a pipe, not a regular file: send it to standard input, which is read when - is named.'
    : 'is not a regular file: name a file, a directory or -.'

async function* readingOf(
  source: AsyncIterable<Buffer>,
  name: string,
  read: (length: number) => void,
): AsyncGenerator<Buffer> {
  try {
    for await (const piece of source) {
      read(piece.length)
      yield piece
    }
  } catch (error) {
    throw error instanceof UserError ? error : unreadable(name, error)
  }
}

function unreadable(name: string, error: unknown): UserError {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'EACCES' || code === 'EPERM') return new UserError(`${name} may not be read by this user.`)
  return new UserError(`${name} cannot be read: ${code ?? message}.`)
}

function decompressorOf(first: Buffer): ((reader: PieceReader, name: string) => AsyncGenerator<Buffer>) | undefined {
  if (isGzip(first)) return gunzip
  return isZstd(first) ? unzstd : undefined
}

/** Yields the pieces unchanged. @throws UserError if the decompressed content is not text */
async function* textOf(pieces: AsyncGenerator<Buffer>, name: string, packed: boolean): AsyncGenerator<Buffer> {
  const first: Buffer[] = []
  let looked = 0
  let failure: unknown
  try {
    while (looked < probeBytes) {
      const { value, done } = await pieces.next()
      if (done) break
      first.push(value)
      looked += value.length
    }
  } catch (error) {
    failure = error
  }
  const why = unreadableReason(Buffer.concat(first, Math.min(looked, probeBytes)))
  if (why !== undefined) throw new UserError(`${name} ${packed ? why.replace(/^is/, 'holds what is') : why}.`)
  yield* first
  if (failure !== undefined) throw failure
  yield* pieces
}
