// A chunk's name depends on its content and on the chunks before it, not on the name of the file.
import { createHash } from 'node:crypto'
import type { FileReading } from '#sources/source.ts'

export type LineReading = Extract<FileReading, { by: 'lines' }>

export interface Cut {
  length: number
  newlines: number
}

const newline = 0x0a
const carriageReturn = 0x0d

/**
 * Returns the length of the first chunk of `bytes`: as many whole lines as fit. A line longer than a chunk is cut. A
 * last line without a line end becomes a chunk of its own, so that only this line is sent again when it grows.
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

export function newlinesIn(bytes: Buffer): number {
  let newlines = 0
  for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, at + 1)) newlines++
  return newlines
}

export const endsWithLine = (chunk: Buffer): boolean => chunk[chunk.length - 1] === newline

/** Returns false if a chunk of an earlier run must be sent again, because its last line has grown since. */
export function isUnchanged(bytes: Buffer, length: number, ended: boolean, { chunkBytes }: LineReading): boolean {
  if (length > bytes.length) return false
  if (bytes[length - 1] === newline || length === chunkBytes) return true
  if (length === bytes.length) return ended
  return bytes[length] === newline || (bytes[length] === carriageReturn && bytes[length + 1] === newline)
}

export interface Position {
  /** Hash of the first chunk, shared by all chunks of the file; undefined at the start of the file. */
  family: string | undefined
  /** Hash over all chunks before this position, in their order. */
  chain: string
  byte: number
  line: number
  withinLine: boolean
}

export const beginning: Position = { family: undefined, chain: '', byte: 0, line: 1, withinLine: false }

export const shortHash = (contentHash: string): string => contentHash.slice(0, 32)

/** Returns a chunk's selector: `start/<bytes>-<hash>` if first in its file, else `<family>/<chain>/<bytes>-<hash>`. */
export const selectorAt = ({ family, chain }: Position, bytes: number, contentHash: string): string =>
  `${selectorPrefix(family, chain)}/${bytes}-${shortHash(contentHash)}`

export const selectorPrefix = (family: string | undefined, chain: string): string =>
  family === undefined ? 'start' : `${family}/${chain}`

export function positionAfter(
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
