import { Transform, type TransformCallback } from 'node:stream'

const MAGIC = 0x184d2204
const END = Buffer.alloc(4)
const MAX_BLOCK_BYTES = 4 * 1024 * 1024
const WINDOW_BYTES = 64 * 1024

/** Decodes consecutive LZ4 frames (lz4_Frame_format.md), as clickhouse-connect sends them. Skips checksums. */
export function createLz4Decoder(): Transform {
  let pending: Buffer = Buffer.alloc(0)
  let frame: Frame | undefined
  let failed = false

  function step(emit: (bytes: Buffer) => void): boolean {
    if (frame === undefined) {
      const begun = beginFrame(pending)
      if (begun === undefined) return false
      frame = begun.frame
      pending = pending.subarray(begun.bytes)
      return true
    }
    const block = takeBlock(pending, frame)
    if (block === undefined) return false
    pending = pending.subarray(block.bytes)
    if (block.data === undefined) frame = undefined
    else if (block.data.length > 0) emit(block.data)
    return true
  }

  // Small chunks are collected: joining them one by one would take quadratic time.
  let held: Buffer[] = []
  let heldBytes = 0
  function drain(emit: (bytes: Buffer) => void): void {
    pending = Buffer.concat([pending, ...held])
    held = []
    heldBytes = 0
    while (step(emit));
  }

  return new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback) {
      if (failed) return done()
      held.push(chunk)
      heldBytes += chunk.length
      if (heldBytes < pending.length) return done()
      try {
        drain((bytes) => this.push(bytes))
        done()
      } catch (error) {
        failed = true
        done(error as Error)
      }
    },
    flush(done: TransformCallback) {
      if (failed) return done()
      try {
        drain((bytes) => this.push(bytes))
      } catch (error) {
        return done(error as Error)
      }
      done(frame === undefined && pending.length === 0 ? null : new Error('the LZ4 data ends in the middle of a frame'))
    },
  })
}

interface Frame {
  blockChecksum: boolean
  contentChecksum: boolean
  independent: boolean
  maxBlockBytes: number
  window: Buffer
}

function beginFrame(bytes: Buffer): { frame: Frame; bytes: number } | undefined {
  if (bytes.length < 7) return undefined
  if (bytes.readUInt32LE(0) !== MAGIC) throw new Error('this is not an LZ4 frame')
  const flags = bytes.readUInt8(4)
  if (flags >> 6 !== 1) throw new Error('this version of LZ4 frames is unknown')
  if (flags & 1) throw new Error('LZ4 dictionaries are not supported')
  const length = 7 + (flags & 8 ? 8 : 0)
  if (bytes.length < length) return undefined
  const sizeCode = (bytes.readUInt8(5) >> 4) & 7
  if (sizeCode < 4) throw new Error('the LZ4 block size is invalid')
  const frame = {
    independent: (flags & 32) !== 0,
    blockChecksum: (flags & 16) !== 0,
    contentChecksum: (flags & 4) !== 0,
    maxBlockBytes: Math.min(MAX_BLOCK_BYTES, 2 ** (8 + 2 * sizeCode)),
    window: Buffer.alloc(0),
  }
  return { frame, bytes: length }
}

/** Returns one block, or the end of the frame (`data` undefined). Returns undefined if bytes are missing. */
function takeBlock(bytes: Buffer, frame: Frame): { data: Buffer | undefined; bytes: number } | undefined {
  if (bytes.length < 4) return undefined
  const word = bytes.readUInt32LE(0)
  if (word === 0) {
    const end = 4 + (frame.contentChecksum ? 4 : 0)
    return bytes.length < end ? undefined : { data: undefined, bytes: end }
  }
  const size = word & 0x7fffffff
  if (size > frame.maxBlockBytes) throw new Error('an LZ4 block is larger than its frame allows')
  const length = 4 + size + (frame.blockChecksum ? 4 : 0)
  if (bytes.length < length) return undefined
  const content = bytes.subarray(4, 4 + size)
  const stored = (word & 0x80000000) !== 0
  const data = stored ? Buffer.from(content) : decodeBlock(content, frame.window, frame.maxBlockBytes)
  if (!frame.independent) frame.window = Buffer.concat([frame.window, data]).subarray(-WINDOW_BYTES)
  return { data, bytes: length }
}

function decodeBlock(input: Buffer, window: Buffer, maxBytes: number): Buffer {
  const output = Buffer.allocUnsafe(window.length + maxBytes)
  window.copy(output)
  let at = 0
  let to = window.length
  function longLength(short: number): number {
    let length = short
    if (short !== 15) return length
    for (;;) {
      const more = input[at++]
      if (more === undefined) throw new Error('an LZ4 block ends in a length')
      length += more
      if (more !== 255) return length
    }
  }
  while (at < input.length) {
    const token = input[at++] ?? 0
    const literals = longLength(token >> 4)
    if (at + literals > input.length || to + literals > output.length) throw new Error('LZ4 literals are out of bounds')
    input.copy(output, to, at, at + literals)
    at += literals
    to += literals
    if (at >= input.length) break
    if (at + 2 > input.length) throw new Error('an LZ4 block ends in an offset')
    const offset = input.readUInt16LE(at)
    at += 2
    const length = longLength(token & 15) + 4
    if (offset === 0 || offset > to || to + length > output.length) throw new Error('an LZ4 copy is out of bounds')
    copyWithin(output, to, offset, length)
    to += length
  }
  return output.subarray(window.length, to)
}

/** Copies within one buffer. If source and target overlap, the bytes repeat: each step copies twice as many bytes. */
function copyWithin(output: Buffer, to: number, offset: number, length: number): void {
  let done = 0
  while (done < length) {
    const step = Math.min(offset + done, length - done)
    output.copyWithin(to + done, to - offset, to - offset + step)
    done += step
  }
}

/** Encodes blocks without compression, which every decoder reads. Compression gains nothing on loopback. */
export function createLz4Encoder(): Transform {
  const maxBytes = 64 * 1024
  // Magic number, version 1 with independent blocks, 64 KiB blocks, and the header checksum from xxHash32.
  const header = Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82])
  let begun = false
  const begin = (stream: Transform) => {
    if (!begun) stream.push(header)
    begun = true
  }
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      begin(this)
      for (let at = 0; at < chunk.length; at += maxBytes) {
        const block = chunk.subarray(at, at + maxBytes)
        const size = Buffer.alloc(4)
        size.writeUInt32LE((block.length | 0x80000000) >>> 0)
        this.push(size)
        this.push(block)
      }
      done()
    },
    flush(done) {
      begin(this)
      this.push(END)
      done()
    },
  })
}
