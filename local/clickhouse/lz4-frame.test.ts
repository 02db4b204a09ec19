import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createLz4Decoder, createLz4Encoder } from './lz4-frame.ts'

const decodePieces = (pieces: Buffer[]) => buffer(Readable.from(pieces).compose(createLz4Decoder()))
const decode = (...chunks: Buffer[]) => decodePieces(chunks)
const encode = (...chunks: Buffer[]) => buffer(Readable.from(chunks).compose(createLz4Encoder()))

const CSV = `INSERT INTO t FORMAT CSV\n${'1,abc\n'.repeat(40)}end`
const ROWS = Array.from({ length: 300 }, (_, i) => `${i % 17},${'x'.repeat(i % 5)}\n`).join('')
const LONG = 'a'.repeat(70_000) + 'b'.repeat(70_000)

/** Frames by liblz4 through Python's lz4 4.4.5: lz4.frame.compress of the text. */
const RECORDED: [string, string, string][] = [
  [
    'independent blocks',
    '04224d1868400c010000000000002629000000ff0f494e5345525420494e544f207420464f524d4154204353560a312c6162630600d650630a656e6400000000',
    CSV,
  ],
  [
    'linked blocks over 64 KiB',
    '04224d184840e022020000000000880b0100001f610100ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe75061616161610f0100000f0100ffffffffffffffffffffffffffffffffff6e1f620100ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff665062626262622c0000000f0100ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffea50626262626200000000',
    LONG,
  ],
  [
    'content checksum and size',
    '04224d186c4054060000000000007152010000f004302c0a312c780a322c78780a332c7878780a340600a0780a352c0a362c780a37190010381300200a39060030780a3133000034001131350012313600133137005031352c0a3139001030390010313300015d00015f00005c00200a35190011361900005d00015f00005c000059002178785b00000700005d0000080021332c5c00210a313800005b0012785d00001d00102c5c0001b800005b0001b60001190020362cb90001b800005b00002b00005d0000080021312c5c00005900000f0001b700025d0000080040362c0a301d0000a400018200015d00015f0000b90000130103b700015d00015f00015c00005900004100023500021501011601015c0000590004b700015d00011601005c0001b800005b0001b60001190020372c5c0001b800015b00000700005d0000080021322cb90002b800015b000007000339000099010fcc01ffffffff7050787878780a00000000bd710463',
    ROWS,
  ],
  [
    'block checksums',
    '04224d1878405406000000000000e652010000f004302c0a312c780a322c78780a332c7878780a340600a0780a352c0a362c780a37190010381300200a39060030780a3133000034001131350012313600133137005031352c0a3139001030390010313300015d00015f00005c00200a35190011361900005d00015f00005c000059002178785b00000700005d0000080021332c5c00210a313800005b0012785d00001d00102c5c0001b800005b0001b60001190020362cb90001b800005b00002b00005d0000080021312c5c00005900000f0001b700025d0000080040362c0a301d0000a400018200015d00015f0000b90000130103b700015d00015f00015c00005900004100023500021501011601015c0000590004b700015d00011601005c0001b800005b0001b60001190020372c5c0001b800015b00000700005d0000080021322cb90002b800015b000007000339000099010fcc01ffffffff7050787878780af2a7978200000000',
    ROWS,
  ],
  [
    'high compression',
    '04224d18684054060000000000004a2e010000f004302c0a312c780a322c78780a332c7878780a340600a0780a352c0a362c780a3719001138190012391900103133000034001131350012313600133137005031352c0a31390011301d00011c0012321b0020332c5c00200a351900113619001237190020382c5c00220a313300023400133135003131332c5c00210a3138001231390013301d00102c5c0001b80002b700220a35190020362c5c0001b80002b700240a31330021312c5c0002b80003b700025d00025f00005c0001b80002b700021501005f00005c0001b80002b700021501005f00015c0002b80003b700031501015f00015c0002b80002b700021501005f00005c0001b80002b700021501005f00005c0001b80003b700031501015f00015c0002b80003b7000315012f780acc01ffffffff7450787878780a00000000',
    ROWS,
  ],
  ['nothing', '04224d1860408200000000', ''],
]

test.each(RECORDED)('%s', async (_name, hex, text) => {
  const frame = Buffer.from(hex, 'hex')
  expect((await decode(frame)).toString()).toBe(text)
  const bytes = [...frame].map((byte) => Buffer.from([byte]))
  expect((await decode(...bytes)).toString()).toBe(text)
  expect((await decode(frame, frame, frame)).toString()).toBe(text.repeat(3))
})

test('what it writes it reads, in any number of frames and pieces', async () => {
  const piece = fc.uint8Array({ maxLength: 200_000, size: 'max' }).map((bytes) => Buffer.from(bytes))
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 4 }), fc.integer({ min: 100, max: 70_000 }), async (parts, step) => {
      const frames = Buffer.concat(await Promise.all(parts.map((part) => encode(part))))
      const cut = Array.from({ length: Math.ceil(frames.length / step) }, (_, i) =>
        frames.subarray(i * step, (i + 1) * step),
      )
      expect((await decodePieces(cut)).equals(Buffer.concat(parts))).toBe(true)
    }),
    { numRuns: 30 },
  )
})

test('input byte by byte takes linear time', async () => {
  const bytes = Buffer.from(Array.from({ length: 400_000 }, (_, index) => (index * 7919) % 251))
  const frame = await encode(bytes)
  const pieces = Array.from({ length: frame.length }, (_, index) => frame.subarray(index, index + 1))
  expect((await decodePieces(pieces)).equals(bytes)).toBe(true)
})

test('cut anywhere but between frames, it is an error', async () => {
  const [, hex] = RECORDED[0] ?? ['', '']
  const frame = Buffer.from(hex, 'hex')
  for (let cut = 1; cut < frame.length; cut++) await expect(decode(frame.subarray(0, cut))).rejects.toThrow()
})

test('damaged frames give bytes or an error, never more than 4 MiB a block, never a hang', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...RECORDED),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 5 }),
      async ([, hex], flips) => {
        const frame = Buffer.from(hex, 'hex')
        for (const [at, value] of flips) frame[at % frame.length] = value
        const result = await decode(frame).catch((error: unknown) => error)
        expect(result instanceof Buffer || result instanceof Error).toBe(true)
      },
    ),
    { numRuns: 500 },
  )
})
