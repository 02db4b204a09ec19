// The content of a file or of standard input: what is compressed is decompressed on the way.
import { createReadStream, type Stats, statSync } from 'node:fs'
import { basename } from 'node:path'
import { pipeline, Readable } from 'node:stream'
import { pathToFileURL } from 'node:url'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { Problem } from '#infra/local/problem.ts'
import { printable } from '../printable.ts'

export interface Content {
  /** As messages call it. */
  name: string
  url: string
  /** Bytes on disk; undefined of standard input. */
  size: number | undefined
  modifiedMs: number | undefined
  compressed: boolean
  /** Pieces of the content, once. Throws Problem when it cannot be read to its end. */
  pieces: AsyncIterable<Buffer>
  /** How many bytes of the file were read so far, compressed as they are. */
  bytesRead: () => number
}

const pieceBytes = 512 * 1024
const gzip = Buffer.from([0x1f, 0x8b])
const zstd = Buffer.from([0x28, 0xb5, 0x2f, 0xfd])
const mostLooked = 8 * 1024

/**
 * Opens a file, or standard input for `-`.
 *
 * @param from first byte of the file that is read; only of a plain file
 * @throws Problem in one sentence for what is no file, cannot be read or is no text
 */
export async function openContent(path: string, from = 0): Promise<Content> {
  const stats = path === '-' ? undefined : statOf(path)
  const name = path === '-' ? 'standard input' : printable(path)
  let bytesRead = from
  const source = (path === '-' ? process.stdin : createReadStream(path, { start: from, highWaterMark: pieceBytes }))
    .on('data', (piece) => {
      bytesRead += piece.length
    })
    .pause()
  const read = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  const first = await firstBytes(read, name)
  const rest = within(name, andThen(first, read))
  const decompressor = from > 0 ? undefined : decompressorOf(first)
  return {
    name,
    url: path === '-' ? 'stdin:' : pathToFileURL(path).href,
    size: stats?.size,
    modifiedMs: stats?.mtimeMs,
    compressed: decompressor !== undefined,
    pieces: checked(name, decompressor ? within(name, through(rest, decompressor)) : rest),
    bytesRead: () => bytesRead,
  }
}

function statOf(path: string): Stats {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats === undefined) throw new Problem(`There is no file ${printable(path)}.`)
  if (!stats.isFile()) throw new Problem(`${printable(path)} is no regular file: name a file, a directory or -.`)
  return stats
}

/** Enough to tell what it is; less where there is no more. */
async function firstBytes(read: AsyncIterator<Buffer>, name: string): Promise<Buffer> {
  let first = Buffer.alloc(0)
  while (first.length < zstd.length) {
    const next = await read.next().catch((error) => unreadable(name, error))
    if (next.done) break
    first = Buffer.concat([first, next.value])
  }
  return first
}

function decompressorOf(first: Buffer) {
  if (first.subarray(0, gzip.length).equals(gzip)) return createGunzip({ chunkSize: pieceBytes })
  return first.subarray(0, zstd.length).equals(zstd) ? createZstdDecompress({ chunkSize: pieceBytes }) : undefined
}

async function* andThen(first: Buffer, read: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  if (first.length > 0) yield first
  for (let next = await read.next(); !next.done; next = await read.next()) yield next.value
}

function through(pieces: AsyncIterable<Buffer>, decompressor: ReturnType<typeof createGunzip>): AsyncIterable<Buffer> {
  pipeline(Readable.from(pieces, { highWaterMark: 1 }), decompressor, () => {})
  return decompressor
}

/** Text has no byte 0: what has one is an archive, an image, another encoding. */
async function* checked(name: string, pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let looked = 0
  for await (const piece of pieces) {
    if (looked < mostLooked && piece.subarray(0, mostLooked - looked).includes(0)) {
      throw new Problem(`${name} is no text: it is binary, or in another encoding than UTF-8.`)
    }
    looked += piece.length
    yield piece
  }
}

async function* within(name: string, pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* pieces
  } catch (error) {
    unreadable(name, error as NodeJS.ErrnoException)
  }
}

function unreadable(name: string, error: NodeJS.ErrnoException): never {
  if (error instanceof Problem) throw error
  const { code = '' } = error
  if (code === 'EACCES' || code === 'EPERM') throw new Problem(`${name} may not be read by this user.`)
  const damaged =
    code.startsWith('Z_') || code.startsWith('ZSTD') || code.startsWith('ERR_ZSTD') || code === 'ERR_BUFFER_TOO_LARGE'
  if (damaged) throw new Problem(`${name} is damaged or ends early: it cannot be decompressed to its end.`)
  throw new Problem(`${name} cannot be read: ${code || error.message}.`)
}

const readable = {
  lines: /\.(?:jsonl|ndjson|json)(?:\.(?:gz|zst|zstd))?$/i,
  file: /\.json(?:\.(?:gz|zst|zstd))?$/i,
}

/** Whether a directory's file is one of those that are meant by the directory: not hidden, and of such a name. */
export const isReadable = (path: string, by: keyof typeof readable): boolean =>
  !basename(path).startsWith('.') && readable[by].test(path)
