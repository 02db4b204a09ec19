// kafkajs reads only gzip, and without a size limit. Operators may set any codec on a topic.
import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import kafkajs from 'kafkajs'
import { uncompressSync as decodeSnappy } from 'snappy'
import { decodeLz4Frames } from '../compression/lz4.ts'

/** Maximum decoded size of a batch, bytes. A larger batch is an error, because it could exhaust the memory. */
const maxBytes = 256 * 1024 * 1024

interface Codec {
  decompress: (batch: Buffer) => Buffer
  compress?: (batch: Buffer) => Buffer
}

const { CompressionTypes } = kafkajs
const zlibBound = { maxOutputLength: maxBytes }
/** A batch of raw answers is some MB. In pieces of 16 KB, as by default, copying them together took a tenth of the reader's CPU. */
const zstdChunkBytes = 256 * 1024
const codecs: Record<number, Codec> = {
  [CompressionTypes.GZIP]: {
    decompress: (batch) => gunzipSync(batch, zlibBound),
    compress: (batch) => gzipSync(batch),
  },
  [CompressionTypes.Snappy]: { decompress: (batch) => decompressSnappy(batch, maxBytes) },
  [CompressionTypes.LZ4]: { decompress: (batch) => decodeLz4Frames(batch, maxBytes) },
  [CompressionTypes.ZSTD]: {
    decompress: (batch) => zstdDecompressSync(batch, { ...zlibBound, chunkSize: zstdChunkBytes }),
    compress: (batch) => zstdCompressSync(batch),
  },
}

/** Returns what compresses records, with its number in a batch. undefined: they are not compressed. */
export function codecOf(type: number): { type: number; compress: (batch: Buffer) => Buffer } | undefined {
  const { compress } = codecs[type] ?? {}
  return compress && { type, compress }
}

/** Returns the records of a batch. @throws Error if no such codec is known, or if they are damaged or too many */
export function decompressRecords(type: number, records: Buffer): Buffer {
  if (type === CompressionTypes.None) return records
  const codec = codecs[type]
  if (codec === undefined) throw new Error(`a batch is compressed with codec ${type}, which is not known`)
  return codec.decompress(records)
}

/** Registers all Kafka codecs for reading, and gzip and zstd for writing, for all clients of the process. */
export function registerCodecs(): void {
  for (const [type, { decompress, compress }] of Object.entries(codecs)) {
    kafkajs.CompressionCodecs[Number(type) as keyof typeof kafkajs.CompressionCodecs] = () => ({
      decompress: async (batch: Buffer) => decompress(batch),
      compress: async ({ buffer }: { buffer: Buffer }) => {
        if (compress === undefined) throw new TypeError(`nothing is written with codec ${type}`)
        return compress(buffer)
      },
    })
  }
}

const xerialMagic = Buffer.from([0x82, ...Buffer.from('SNAPPY'), 0])
const xerialHeaderBytes = xerialMagic.length + 8

/** Decodes blocks in xerial framing (Java clients and brokers), or one block without framing (librdkafka). */
export function decompressSnappy(batch: Buffer, maxBytes: number): Buffer {
  if (!batch.subarray(0, xerialMagic.length).equals(xerialMagic)) return snappyBlock(batch, maxBytes)
  const blocks: Buffer[] = []
  let left = maxBytes
  for (let at = xerialHeaderBytes; at < batch.length; ) {
    const length = at + 4 <= batch.length ? batch.readUInt32BE(at) : batch.length
    at += 4
    if (at + length > batch.length) throw new Error('a snappy block is cut off')
    const block = snappyBlock(batch.subarray(at, at + length), left)
    at += length
    left -= block.length
    blocks.push(block)
  }
  return Buffer.concat(blocks)
}

function snappyBlock(block: Buffer, maxBytes: number): Buffer {
  const bytes = claimedBytes(block)
  if (bytes > maxBytes) throw new Error(`a snappy block claims ${bytes} bytes, ${maxBytes} are the most`)
  return decodeSnappy(block, { asBuffer: true }) as Buffer
}

/** Returns the decoded size that a snappy block states in its first bytes, as a varint. */
function claimedBytes(block: Buffer): number {
  let claimed = 0
  for (const [index, byte] of block.subarray(0, 5).entries()) {
    claimed += (byte & 0x7f) * 2 ** (7 * index)
    if (byte < 0x80) return claimed
  }
  throw new Error('a snappy block does not say how much it holds')
}
