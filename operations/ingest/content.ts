// The content of a file or of a stream: what is compressed is decompressed on the way.
import { createReadStream, type Stats, statSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { pathToFileURL } from 'node:url'
import { printable } from '#platform/process/printable.ts'
import { UserError } from '#platform/process/user-error.ts'
import { gunzip, isGzip, isZstd, peek, unzstd } from './compressed-parts.ts'
import { lookedAt, whyUnreadable } from './file-format.ts'
import { type PieceReader, pieceReader, remaining } from './pieces.ts'

/** What is read: the path of a file, or a stream of bytes. */
export type Input = string | StreamInput

export interface StreamInput {
  /** As messages call it: standard input. */
  name: string
  /** What raw keeps as the address of its content: `stdin:`. */
  url: string
  /** May fail with a UserError that says why it cannot be read. */
  stream: Readable
}

export interface Content {
  /** As messages call it. */
  name: string
  url: string
  /** Bytes on disk; undefined of a stream. */
  size: number | undefined
  modifiedMs: number | undefined
  compressed: boolean
  /** Pieces of the content, once. Throws UserError when it cannot be read to its end. */
  pieces: AsyncIterable<Buffer>
  /** How many bytes of the file were read so far, compressed as they are. */
  bytesRead: () => number
  /** Whether the file on disk is another than when it was opened. */
  changed: () => boolean
  /** Lets go of the file, also where it was not read to its end. */
  close: () => void
}

const pieceBytes = 512 * 1024

/**
 * Opens a file or a stream.
 *
 * @param from first byte of the file that is read; only of a plain file
 * @throws UserError in one sentence for what is not a file, cannot be read or is not text
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

/** How messages call what is read. */
export const nameOf = (input: Input): string => (typeof input === 'string' ? printable(input) : input.name)

function statOf(path: string, name: string): Stats {
  let stats: Stats | undefined
  try {
    stats = statSync(path, { throwIfNoEntry: false })
  } catch (error) {
    throw unreadable(name, error)
  }
  if (stats === undefined) throw new UserError(`There is no file ${name}.`)
  if (!stats.isFile()) throw new UserError(`${name} ${whyNotRegular(stats)}`)
  return stats
}

/** Why neither a file nor a directory is meant, as the end of a sentence that begins with its name. */
export const whyNotRegular = (stats: Stats): string =>
  stats.isFIFO()
    ? 'is a pipe, not a regular file: send it to standard input, which is read when - is named.'
    : 'is no regular file: name a file, a directory or -.'

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

/** Pieces of text. @throws UserError for another kind of content, also inside of what is compressed */
async function* textOf(pieces: AsyncGenerator<Buffer>, name: string, packed: boolean): AsyncGenerator<Buffer> {
  const first: Buffer[] = []
  let looked = 0
  let failure: unknown
  try {
    while (looked < lookedAt) {
      const { value, done } = await pieces.next()
      if (done) break
      first.push(value)
      looked += value.length
    }
  } catch (error) {
    failure = error
  }
  const why = whyUnreadable(Buffer.concat(first, Math.min(looked, lookedAt)))
  if (why !== undefined) throw new UserError(`${name} ${packed ? why.replace(/^is/, 'holds what is') : why}.`)
  yield* first
  if (failure !== undefined) throw failure
  yield* pieces
}
