// Decompresses files of several gzip members or zstd frames. node:zlib silently ignores data after the last part that
// it recognises, so a damaged file would look like a short one.
import { crc32, createInflateRaw, createZstdDecompress, inflateRawSync } from 'node:zlib'
import { UserError } from '#platform/process/user-error.ts'
import { outputOf } from './decompress.ts'
import type { PieceReader } from './pieces.ts'

type Part = 'gzip member' | 'zstd frame'

/** Output buffer size of a decompressing stream, bytes. */
const chunkSize = 512 * 1024
/** Output buffer size for a short gzip member, and size up to which compressed zstd blocks are collected, bytes. */
const smallBytes = 64 * 1024
const maxInflatedAtOnce = 4 * 1024 * 1024
const zstdMagic = 0xfd2fb528
const mend = 'Get it anew: the same command goes on behind what was sent of it.'

export const isGzip = (first: Buffer): boolean => first.length >= 2 && first.readUInt16LE() === 0x8b1f

/** Returns true for a zstd frame or a skippable frame: pzstd starts its files with a skippable frame. */
export const isZstd = (first: Buffer): boolean => isZstdFrame(first) || isSkippable(first)

const isZstdFrame = (first: Buffer): boolean => first.length >= 4 && first.readUInt32LE() === zstdMagic

// Skippable frames have the magic numbers 0x184D2A50 to 0x184D2A5F (RFC 8878, 3.1.2).
const isSkippable = (first: Buffer): boolean => first.length >= 4 && first.readUInt32LE() >>> 4 === 0x184d2a5

/**
 * Yields the content of all members of a gzip file (RFC 1952). Ignores zero padding after the last member.
 * @throws UserError with the byte offset of a damaged member, or of other data between or after members
 */
export async function* gunzip(reader: PieceReader, name: string): AsyncGenerator<Buffer> {
  while (await partFollows(reader, name, 'gzip member', isGzip)) {
    const start = reader.at()
    const ends = (): UserError => cutPart(reader, name, 'gzip member', start)
    const header = await passGzipHeader(reader, ends)
    // The only method is deflate (8). The upper three flags are reserved and must be zero.
    if (header[2] !== 8 || (header[3] ?? 0) > 0x1f) throw damaged(name, 'gzip member', start, 'its header is wrong')
    let checksum = 0
    let length = 0
    // The last piece is held back until the checksum is verified. It may be the whole content.
    let last: Buffer | undefined
    try {
      for await (const piece of inflated(reader)) {
        if (last !== undefined) yield last
        checksum = crc32(piece, checksum)
        length += piece.length
        last = piece
      }
    } catch (error) {
      throw damagedPart(error, 'gzip member', start, name, ends)
    }
    const trailer = await reader.take(8)
    if (trailer.length < 8) throw ends()
    if (trailer.readUInt32LE() !== checksum || trailer.readUInt32LE(4) !== length % 2 ** 32) {
      const why = 'its checksum or its length is wrong, so lines of it that were already sent may be wrong'
      throw damaged(name, 'gzip member', start, why)
    }
    if (last !== undefined) yield last
  }
}

async function passGzipHeader(reader: PieceReader, ends: () => UserError): Promise<Buffer> {
  const take = async (length: number): Promise<Buffer> => {
    const bytes = await reader.take(length)
    if (bytes.length < length) throw ends()
    return bytes
  }
  const passText = async (): Promise<void> => {
    for (let last = await take(1); last[0] !== 0; last = await take(1));
  }
  const header = await take(10)
  const flags = header[3] ?? 0
  if (flags & 0x04) await take((await take(2)).readUInt16LE())
  if (flags & 0x08) await passText()
  if (flags & 0x10) await passText()
  if (flags & 0x02) await take(2)
  return header
}

/** Inflates a gzip member; a short one synchronously. Files of one member per line are read ten times faster. */
async function* inflated(reader: PieceReader): AsyncGenerator<Buffer> {
  const piece = (await reader.next()) ?? Buffer.alloc(0)
  const whole = inflatedAtOnce(piece)
  reader.unread(piece.subarray(whole?.taken ?? 0))
  if (whole === undefined) yield* outputOf(createInflateRaw({ chunkSize }), reader)
  else if (whole.content.length > 0) yield whole.content
}

function inflatedAtOnce(piece: Buffer): { content: Buffer; taken: number } | undefined {
  try {
    const options = { info: true, chunkSize: smallBytes, maxOutputLength: maxInflatedAtOnce }
    // With `info: true`, zlib also returns its engine. The types omit that.
    const { buffer, engine } = inflateRawSync(piece, options) as unknown as {
      buffer: Buffer
      engine: { bytesWritten: number }
    }
    return { content: buffer, taken: engine.bytesWritten }
  } catch {
    return undefined
  }
}

/**
 * Yields the content of all frames of a zstd file (RFC 8878). Ignores skippable frames and zero padding at the end.
 * @throws UserError with the byte offset of a damaged frame, or of other data between or after frames
 */
export async function* unzstd(reader: PieceReader, name: string): AsyncGenerator<Buffer> {
  let start = 0
  const frames = zstdFrames(reader, name, () => {
    start = reader.at()
  })
  const next = async (): Promise<Buffer | undefined> => (await frames.next()).value
  const unread = (): never => {
    throw damaged(name, 'zstd frame', start, 'it ends before its last block')
  }
  try {
    yield* outputOf(createZstdDecompress({ chunkSize }), { next, unread })
  } catch (error) {
    throw damagedPart(error, 'zstd frame', start, name, () => cutPart(reader, name, 'zstd frame', start))
  }
}

async function* zstdFrames(reader: PieceReader, name: string, begins: () => void): AsyncGenerator<Buffer, undefined> {
  while (await partFollows(reader, name, 'zstd frame', isZstd)) {
    begins()
    const start = reader.at()
    const ends = (): UserError => cutPart(reader, name, 'zstd frame', start)
    if (isSkippable(await peek(reader, 4))) await passSkippable(reader, ends)
    else yield* zstdFrame(reader, ends)
  }
  return undefined
}

async function passSkippable(reader: PieceReader, ends: () => UserError): Promise<void> {
  const header = await reader.take(8)
  if (header.length < 8) throw ends()
  let left = header.readUInt32LE(4)
  while (left > 0) {
    const piece = await reader.next()
    if (piece === undefined) throw ends()
    reader.unread(piece.subarray(Math.min(left, piece.length)))
    left -= Math.min(left, piece.length)
  }
}

async function* zstdFrame(reader: PieceReader, ends: () => UserError): AsyncGenerator<Buffer> {
  let held: Buffer[] = []
  let heldBytes = 0
  const take = async (length: number): Promise<Buffer> => {
    const bytes = await reader.take(length)
    if (bytes.length < length) throw ends()
    held.push(bytes)
    heldBytes += bytes.length
    return bytes
  }
  const descriptor = (await take(5))[4] ?? 0
  const singleSegment = (descriptor & 0x20) !== 0
  const contentSize = [singleSegment ? 1 : 0, 2, 4, 8][descriptor >>> 6] ?? 0
  await take((singleSegment ? 0 : 1) + ([0, 1, 2, 4][descriptor & 3] ?? 0) + contentSize)
  for (let last = false; !last; ) {
    const block = (await take(3)).readUIntLE(0, 3)
    last = (block & 1) === 1
    const runLength = (block >>> 1) & 3
    await take(runLength === 1 ? 1 : block >>> 3)
    if (last && (descriptor & 4) !== 0) await take(4)
    if (!last && heldBytes < smallBytes) continue
    yield Buffer.concat(held)
    held = []
    heldBytes = 0
  }
}

async function partFollows(
  reader: PieceReader,
  name: string,
  part: Part,
  begins: (first: Buffer) => boolean,
): Promise<boolean> {
  const behind = reader.at()
  const zeros = await passZeros(reader)
  const first = await peek(reader, 4)
  if (first.length === 0) return false
  if (zeros > 0) {
    throw new UserError(
      `${name} is damaged: ${zeros} zero bytes stand at byte ${behind}, behind a ${part}, and more follows at byte ${reader.at()}, which is not read. ${mend}`,
    )
  }
  if (begins(first)) return true
  throw new UserError(
    `${name} is damaged: what stands at byte ${behind}, behind a ${part}, is not a ${part}; it begins with the bytes ${first.toString('hex')}. ${mend}`,
  )
}

async function passZeros(reader: PieceReader): Promise<number> {
  const from = reader.at()
  for (let piece = await reader.next(); piece !== undefined; piece = await reader.next()) {
    const other = piece.findIndex((byte) => byte !== 0)
    if (other < 0) continue
    reader.unread(piece.subarray(other))
    break
  }
  return reader.at() - from
}

/** Returns the next bytes without consuming them. */
export async function peek(reader: PieceReader, length: number): Promise<Buffer> {
  const bytes = await reader.take(length)
  reader.unread(bytes)
  return bytes
}

function damagedPart(error: unknown, part: Part, start: number, name: string, ends: () => UserError): unknown {
  const { code = '', message } = error as NodeJS.ErrnoException
  if (code === 'Z_BUF_ERROR') return ends()
  if (code === 'ZSTD_error_frameParameter_windowTooLarge') {
    return new UserError(
      `${name} wants more memory than zstd takes of itself (the zstd frame at byte ${start}): decompress it first, zstd -d --long=31.`,
    )
  }
  return code.startsWith('Z_') || code.startsWith('ZSTD_') ? damaged(name, part, start, message) : error
}

const damaged = (name: string, part: Part, start: number, why: string): UserError =>
  new UserError(`${name} is damaged: the ${part} at byte ${start} cannot be decompressed (${why}). ${mend}`)

const cutPart = (reader: PieceReader, name: string, part: Part, start: number): UserError =>
  new UserError(
    `${name} is damaged or ends early: the ${part} at byte ${start} is cut, the file ends at byte ${reader.at()}. ${mend}`,
  )
