// How content is cut into chunks, and what a chunk is called: by its content and by what comes before it, not by the
// file's name.
import { createHash } from 'node:crypto'
import type { FileReading } from '#sources/source.ts'

export type LineReading = Extract<FileReading, { by: 'lines' }>

export interface Cut {
  /** Bytes of the chunk. */
  length: number
  /** Lines that end in it. */
  newlines: number
}

const newline = 0x0a
const carriageReturn = 0x0d

/**
 * The chunk that `bytes` begin with: whole lines, as many as fit. A last line without an end is a chunk of its own, so
 * that it alone is sent again when it grows. A line that is longer than a chunk is cut.
 *
 * @param ended whether nothing comes behind the bytes
 */
export function cutChunk(bytes: Buffer, ended: boolean, { chunkBytes, chunkLines }: LineReading): Cut {
  const most = Math.min(bytes.length, chunkBytes)
  let length = 0
  let newlines = 0
  while (newlines < chunkLines) {
    const at = bytes.indexOf(newline, length)
    if (at < 0 || at >= most) break
    length = at + 1
    newlines++
  }
  return newlines > 0 || (!ended && most < chunkBytes) ? { length, newlines } : { length: most, newlines: 0 }
}

/** How many lines end in a chunk. */
export function newlinesIn(bytes: Buffer): number {
  let newlines = 0
  for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, at + 1)) newlines++
  return newlines
}

export const endsWithLine = (chunk: Buffer): boolean => chunk[chunk.length - 1] === newline

/**
 * Whether a chunk of so many bytes that was sent before may be passed over. One that did not end with a line may not when
 * its last line has grown since.
 */
export function stillStands(bytes: Buffer, length: number, ended: boolean, { chunkBytes }: LineReading): boolean {
  if (length > bytes.length) return false
  if (bytes[length - 1] === newline || length === chunkBytes) return true
  if (length === bytes.length) return ended
  return bytes[length] === newline || (bytes[length] === carriageReturn && bytes[length + 1] === newline)
}

export interface Position {
  /** Hash of the first chunk; undefined at the beginning. Chunks of one file are found together by it. */
  family: string | undefined
  /** Stands for all chunks before, in their order. */
  chain: string
  byte: number
  /** From 1; the one that goes on here where `withinLine`. */
  line: number
  withinLine: boolean
}

export const beginning: Position = { family: undefined, chain: '', byte: 0, line: 1, withinLine: false }

/** As long as needed for nobody ever to see two contents with one hash. */
export const shortHash = (contentHash: string): string => contentHash.slice(0, 32)

/** What a chunk is called behind the dataset's name: `start/<bytes>-<hash>`, later `<family>/<chain>/<bytes>-<hash>`. */
export const subjectAt = ({ family, chain }: Position, bytes: number, contentHash: string): string =>
  `${placeOf(family, chain)}/${bytes}-${shortHash(contentHash)}`

/** What the names of all chunks that may stand here begin with. */
export const placeOf = (family: string | undefined, chain: string): string =>
  family === undefined ? 'start' : `${family}/${chain}`

/** The position behind a chunk. */
export function behindChunk(
  before: Position,
  chunk: { bytes: number; contentHash: string; newlines: number; endsWithLine: boolean },
): Position {
  const hash = shortHash(chunk.contentHash)
  const chain = before.family === undefined ? hash : shortHash(sha256(`${before.chain}${hash}`))
  return {
    family: before.family ?? hash,
    chain,
    byte: before.byte + chunk.bytes,
    line: before.line + chunk.newlines,
    withinLine: !chunk.endsWithLine,
  }
}

export const sha256 = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex')
