// Reads LZ4 frames. The library's own frame decoder reads only the first frame, and trusts the size in its header.
import { uncompressSync } from 'lz4-napi'

const magic = 0x184d2204
const windowBytes = 64 * 1024
const maxBlockBytes = 4 * 1024 * 1024

/** Decodes an LZ4 block to at most `maxBytes` (lz4_Block_format.md). `before`: decoded data before a linked block. */
export function decodeLz4Block(block: Uint8Array, maxBytes: number, before?: Buffer): Buffer {
  // The library reads the maximum decoded size from the first four bytes.
  const sized = Buffer.allocUnsafe(4 + block.length)
  sized.writeUInt32LE(maxBytes)
  sized.set(block, 4)
  try {
    return before && before.length > 0 ? uncompressSync(sized, before) : uncompressSync(sized)
  } catch (error) {
    throw new Error(`an LZ4 block of at most ${maxBytes} bytes cannot be read: ${(error as Error).message}`)
  }
}

/** Decodes consecutive LZ4 frames to at most `maxBytes` in total (lz4_Frame_format.md). Does not verify checksums. */
export function decodeLz4Frames(bytes: Buffer, maxBytes: number): Buffer {
  const pieces: Buffer[] = []
  let decodedBytes = 0
  let at = 0
  while (at < bytes.length) {
    const frame = readHeader(bytes, at)
    at += frame.headerBytes
    let window: Buffer = Buffer.alloc(0)
    for (;;) {
      const word = uint32At(bytes, at)
      at += 4
      if (word === 0) break
      const block = sliceAt(bytes, at, word & 0x7fffffff)
      at += block.length + frame.blockChecksumBytes
      const isStored = word >>> 31 === 1
      const piece = isStored ? block : decodeLz4Block(block, frame.blockBytes, window)
      decodedBytes += piece.length
      if (decodedBytes > maxBytes) throw new Error(`LZ4 frames hold more than ${maxBytes} bytes`)
      pieces.push(piece)
      if (frame.isLinked) window = Buffer.concat([window, piece]).subarray(-windowBytes)
    }
    at += frame.contentChecksumBytes
  }
  if (at > bytes.length) throw new Error('an LZ4 frame ends before its checksum')
  return Buffer.concat(pieces)
}

function readHeader(bytes: Buffer, at: number) {
  if (uint32At(bytes, at) !== magic) throw new Error('this is not an LZ4 frame')
  const [flags = 0, descriptor = 0] = sliceAt(bytes, at + 4, 2)
  if (flags >> 6 !== 1) throw new Error('this version of LZ4 frames is unknown')
  if (flags & 1) throw new Error('LZ4 dictionaries are not supported')
  return {
    // Sizes of: magic, flags and descriptor, optional content size, header checksum.
    headerBytes: 4 + 2 + (flags & 8 ? 8 : 0) + 1,
    isLinked: (flags & 32) === 0,
    blockChecksumBytes: flags & 16 ? 4 : 0,
    contentChecksumBytes: flags & 4 ? 4 : 0,
    blockBytes: Math.min(maxBlockBytes, 2 ** (8 + 2 * ((descriptor >> 4) & 7))),
  }
}

const uint32At = (bytes: Buffer, at: number): number => sliceAt(bytes, at, 4).readUInt32LE()

function sliceAt(bytes: Buffer, at: number, length: number): Buffer {
  if (at + length > bytes.length) throw new Error('an LZ4 frame is cut off')
  return bytes.subarray(at, at + length)
}
