import fc from 'fast-check'
import kafkajs from 'kafkajs'
import { compressFrameSync, compressSync as compressLz4 } from 'lz4-napi'
import { compressSync } from 'snappy'
import { expect, test } from 'vitest'
import { decodeLz4Frames } from '../compression/lz4.ts'
import { decompressSnappy, registerCodecs } from './codecs.ts'

const most = 1_000_000
const told = Buffer.from(Array.from({ length: 30_000 }, (_, index) => (index * index) % 251))

/** A frame as librdkafka and Java clients write it: blocks of 64 KiB, linked or not. */
function frameOf(parts: Buffer[], isLinked: boolean): Buffer {
  const header = Buffer.from([0x04, 0x22, 0x4d, 0x18, isLinked ? 0x40 : 0x60, 0x40, 0])
  const blocks = parts.flatMap((part, index) => {
    const block = compressLz4(part, isLinked && index > 0 ? Buffer.concat(parts.slice(0, index)) : undefined).subarray(
      4,
    )
    const size = Buffer.alloc(4)
    size.writeUInt32LE(block.length)
    return [size, block]
  })
  return Buffer.concat([header, ...blocks, Buffer.alloc(4)])
}

/** Blocks as Java's SnappyOutputStream writes them. */
function xerialOf(parts: Buffer[]): Buffer {
  const blocks = parts.flatMap((part) => {
    const block = compressSync(part)
    const size = Buffer.alloc(4)
    size.writeUInt32BE(block.length)
    return [size, block]
  })
  return Buffer.concat([Buffer.from('82534e41505059000000000100000001', 'hex'), ...blocks])
}

test('an LZ4 frame that liblz4 wrote, of linked blocks with a checksum', () => {
  // lz4 1.9.4: lz4 -BD -B4 of 70,000 times a, and the words.
  const recorded =
    '04224d1844405e0b0100001f610100ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe75061616161612c0000001f610100ffffffffffffffffffffffffffffffffff6ef0056e64206e6f7720666f7220736f6d657468696e67000000007e94775e'
  expect(decodeLz4Frames(Buffer.from(recorded, 'hex'), most).toString()).toBe(
    `${'a'.repeat(70_000)}and now for something`,
  )
})

test.each([
  ['independent blocks', frameOf([told, told], false), [told, told]],
  ['linked blocks', frameOf([told, told], true), [told, told]],
  [
    'two frames, one with checksums',
    Buffer.concat([compressFrameSync(told, { contentChecksum: true, blockChecksums: true }), frameOf([told], false)]),
    [told, told],
  ],
  ['nothing', frameOf([], false), []],
])('LZ4 frames: %s', (_name, frames, parts) => {
  expect(decodeLz4Frames(frames, most).equals(Buffer.concat(parts))).toBe(true)
  for (let cut = 1; cut < frames.length; cut += Math.ceil(frames.length / 50)) {
    const decoded = (): number => decodeLz4Frames(frames.subarray(0, cut), most).length
    // A cut between two frames is not an error.
    if (cut !== frames.length - frameOf([told], false).length) expect(decoded).toThrow(/cut off|ends before/)
  }
})

test('snappy, by hand: a bare block, and the same in the frame of Java', () => {
  // First byte: a decoded length of eleven. Second byte: a literal of eleven bytes follows.
  const block = Buffer.concat([Buffer.from([11, (11 - 1) << 2]), Buffer.from('hello world')])
  expect(decompressSnappy(block, most).toString()).toBe('hello world')
  const framed = Buffer.concat([
    Buffer.from('82534e4150505900000000010000000100', 'hex'),
    Buffer.from([0, 0, 13]),
    block,
  ])
  expect(decompressSnappy(framed, most).toString()).toBe('hello world')
  expect(decompressSnappy(xerialOf([told, told, told]), most).equals(Buffer.concat([told, told, told]))).toBe(true)
  expect(() => decompressSnappy(framed.subarray(0, -1), most)).toThrow('cut off')
})

test('more than the bound is refused before it is in memory', () => {
  const bomb = Buffer.alloc(60_000)
  expect(() => decodeLz4Frames(frameOf(new Array(20).fill(bomb), false), most)).toThrow('more than 1000000')
  expect(() => decompressSnappy(xerialOf(new Array(20).fill(bomb)), most)).toThrow('the most')
  // 4 GiB claimed in five bytes.
  expect(() => decompressSnappy(Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0]), most)).toThrow('claims 4294967295')
})

test('damaged batches give bytes or an error', () => {
  const batches = [frameOf([told], true), xerialOf([told]), compressSync(told)]
  const flips = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(fc.constantFrom(...batches), flips, (batch, changes) => {
      const damaged = Buffer.from(batch)
      for (const [at, value] of changes) damaged[at % damaged.length] = value
      for (const decode of [decodeLz4Frames, decompressSnappy]) {
        try {
          expect(decode(damaged, most).length).toBeLessThanOrEqual(most)
        } catch (error) {
          expect(error).toBeInstanceOf(Error)
        }
      }
    }),
    { numRuns: 300 },
  )
})

test('kafkajs has a codec for each of the four', async () => {
  registerCodecs()
  const codecs = [1, 2, 3, 4].map((type) => kafkajs.CompressionCodecs[type as 1]())
  const written = [undefined, xerialOf([told]), frameOf([told], false)]
  for (const [index, codec] of codecs.entries()) {
    const batch = written[index] ?? (await codec.compress({ buffer: told }))
    expect((await codec.decompress(batch)).equals(told)).toBe(true)
  }
})

test('the listeners that others have for warnings stay', async () => {
  const mine = () => undefined
  process.on('warning', mine)
  const before = process.listeners('warning')
  await import('./client.ts')
  expect(process.listeners('warning')).toEqual(before)
  process.off('warning', mine)
})
