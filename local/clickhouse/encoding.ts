import type { Transform } from 'node:stream'
import {
  constants,
  createBrotliCompress,
  createBrotliDecompress,
  createDeflate,
  createGunzip,
  createGzip,
  createInflate,
  createZstdCompress,
  createZstdDecompress,
} from 'node:zlib'
import { Failure } from './failure.ts'
import { createLz4Decoder, createLz4Encoder } from './lz4-frame.ts'

const DECODERS: Record<string, () => Transform> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
  lz4: createLz4Decoder,
}

const ENCODERS: [string, () => Transform][] = [
  ['lz4', createLz4Encoder],
  ['zstd', () => createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 1 } })],
  ['gzip', () => createGzip({ level: 1 })],
  ['br', () => createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 1 } })],
  ['deflate', () => createDeflate({ level: 1 })],
]

/**
 * Returns the decoder of a Content-Encoding; undefined without one. An unknown encoding is refused, because its bytes
 * would be stored undecoded.
 * @throws Failure ARGUMENT_OUT_OF_BOUND
 */
export function decoderOf(encoding: string | undefined): Transform | undefined {
  const name = (encoding ?? '').trim().toLowerCase()
  if (name === '' || name === 'identity') return undefined
  const decoder = DECODERS[name]
  if (decoder === undefined || !Object.hasOwn(DECODERS, name)) {
    const known = Object.keys(DECODERS).join(', ')
    throw new Failure(69, 'ARGUMENT_OUT_OF_BOUND', `Unknown Content-Encoding ${name.slice(0, 60)}; known are ${known}.`)
  }
  return decoder()
}

export function encoderFor(accepted: string | undefined): { name: string; encoder: Transform } | undefined {
  const names = (accepted ?? '')
    .toLowerCase()
    .split(',')
    .map((part) => part.trim().split(/\s*;\s*/))
    .filter(([, weight]) => !/^q=0(\.0*)?$/.test(weight ?? ''))
    .map(([name]) => name)
  const found = ENCODERS.find(([name]) => names.includes(name))
  return found && { name: found[0], encoder: found[1]() }
}
