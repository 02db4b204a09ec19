import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { constants, crc32, deflateRawSync, gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { gunzip, unzstd } from './compressed-parts.ts'
import { openContent } from './content.ts'
import { pieceReader } from './pieces.ts'

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tidemark-content-'))
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

/** Returns the content that was read, and the error that ended the reading. */
async function read(content: Buffer | string, name = 'f.jsonl'): Promise<{ text: string; why?: string }> {
  const path = join(directory, name)
  writeFileSync(path, content)
  const pieces: Buffer[] = []
  const text = () => Buffer.concat(pieces).toString('latin1')
  try {
    const opened = await openContent(path)
    for await (const piece of opened.pieces) pieces.push(piece)
    return { text: text() }
  } catch (error) {
    expect((error as Error).name).toBe('UserError')
    const { message } = error as Error
    expect(message.startsWith(path)).toBe(true)
    return { text: text(), why: message.slice(path.length + 1) }
  }
}

const one = '{"Id":"1"}\n'
const two = '{"Id":"2"}\n'
const zeros = Buffer.alloc(16)
const skippable = (length: number, kind = 0): Buffer => {
  const header = Buffer.alloc(8)
  header.writeUInt32LE(0x184d2a50 + kind)
  header.writeUInt32LE(length, 4)
  return Buffer.concat([header, Buffer.alloc(length, 0xff)])
}
const frame = (text: string): Buffer => zstdCompressSync(text, { params: { [constants.ZSTD_c_checksumFlag]: 1 } })
/** A gzip member with all optional header fields. */
const fullMember = (text: string): Buffer => {
  const trailer = Buffer.alloc(8)
  trailer.writeUInt32LE(crc32(text))
  trailer.writeUInt32LE(text.length, 4)
  const header = Buffer.from([0x1f, 0x8b, 8, 0x1f, 1, 2, 3, 4, 0, 3, 3, 0, 0xff, 0x1f, 0x8b])
  return Buffer.concat([header, Buffer.from('name\0a comment\0\xaa\xbb', 'latin1'), deflateRawSync(text), trailer])
}

test('zstd: all frames are read; skippable frames hold nothing, wherever they stand', async () => {
  const all = one + two
  for (const parts of [
    [frame(one), frame(two)],
    [skippable(4), frame(one), frame(two)],
    [skippable(0, 15), skippable(70_000, 3), frame(one), skippable(1), skippable(2), frame(two), skippable(9)],
    [frame(one), frame(''), frame(two), zeros],
  ]) {
    expect(await read(Buffer.concat(parts))).toEqual({ text: all })
  }
  expect(await read(Buffer.concat([skippable(3), skippable(5)]))).toEqual({ text: '' })
})

test('gzip: all members are read, whatever their headers hold; zero bytes may fill the file up', async () => {
  for (const parts of [
    [gzipSync(one), gzipSync(two)],
    [fullMember(one), gzipSync(''), fullMember(two), Buffer.alloc(1_500_000)],
  ]) {
    expect(await read(Buffer.concat(parts))).toEqual({ text: one + two })
  }
})

test('what stands between or behind parts is an error with its offset, and what was before it is read', async () => {
  for (const [part, made] of [
    ['gzip member', gzipSync],
    ['zstd frame', frame],
  ] as const) {
    const [first, second] = [made(one), made(two)]
    const behind = first.length
    const { text, why } = await read(Buffer.concat([first, zeros, second]))
    expect(text).toBe(one)
    expect(why).toMatch(
      `is damaged: 16 zero bytes stand at byte ${behind}, behind a ${part}, and more follows at byte ${behind + 16}, which is not read. `,
    )
    const garbage = await read(Buffer.concat([first, Buffer.from('garbage')]))
    expect(garbage.text).toBe(one)
    expect(garbage.why).toMatch(
      `is damaged: what stands at byte ${behind}, behind a ${part}, is not a ${part}; it begins with the bytes 67617262. `,
    )
    expect((await read(Buffer.concat([first, zeros, Buffer.from('x')]))).why).toMatch('16 zero bytes stand at byte')
  }
})

test('a file that is cut anywhere is an error that says where', async () => {
  for (const [part, parts] of [
    ['gzip member', [fullMember(one), gzipSync(two.repeat(50))]],
    ['zstd frame', [skippable(4), frame(one), frame(two.repeat(50)), skippable(6)]],
  ] as const) {
    const whole = Buffer.concat(parts)
    const starts = parts.map((_, index) => Buffer.concat(parts.slice(0, index)).length)
    for (let length = 4; length < whole.length; length++) {
      const { why } = await read(whole.subarray(0, length))
      const start = starts.findLast((each) => each < length)!
      if (starts.includes(length)) expect(why, `${length}`).toBeUndefined()
      else if (length - start < (part === 'gzip member' ? 2 : 4))
        expect(why, `${length}`).toMatch(`at byte ${start}, behind a ${part}, is not a ${part}`)
      else {
        expect(why, `${length}`).toMatch(
          `is damaged or ends early: the ${part} at byte ${start} is cut, the file ends at byte ${length}. `,
        )
      }
    }
  }
})

test('a byte that is another is an error of the part that it stands in', async () => {
  const text = Array.from({ length: 500 }, (_, index) => `{"Id":"${(index * 7_919) % 10_007}"}\n`).join('')
  for (const [part, made] of [
    ['gzip member', gzipSync],
    ['zstd frame', frame],
  ] as const) {
    const [first, second] = [made(one), made(text)]
    for (const at of [3, 200, second.length - 1]) {
      const content = Buffer.concat([first, second])
      content[first.length + at]! ^= 0xe5
      const { text: before, why } = await read(content)
      expect(before).toBe(one)
      expect(why, `${part} ${at}`).toMatch(/^is damaged/)
      if (at > 3) expect(why).toMatch(new RegExp(`the ${part} at byte ${first.length} cannot be decompressed \\(.+\\)`))
    }
  }
})

test('parts of any size in pieces of any size give the content', async () => {
  const texts = fc.array(
    fc.string({ unit: fc.constantFrom('a', 'b', '\n'), maxLength: 300 }).map((text) => text.repeat(40)),
    { minLength: 1, maxLength: 6 },
  )
  await fc.assert(
    fc.asyncProperty(texts, fc.integer({ min: 1, max: 400 }), fc.nat({ max: 20 }), async (parts, size, gap) => {
      const content = async (packed: Buffer, unpack: typeof gunzip): Promise<string> => {
        async function* pieces() {
          for (let at = 0; at < packed.length; at += size) yield packed.subarray(at, at + size)
        }
        const read: Buffer[] = []
        for await (const piece of unpack(pieceReader(pieces()), 'f')) read.push(piece)
        return Buffer.concat(read).toString()
      }
      const frames = parts.flatMap((text) => [skippable(gap), frame(text)])
      expect(await content(Buffer.concat(frames), unzstd)).toBe(parts.join(''))
      expect(await content(Buffer.concat(parts.map((text) => gzipSync(text))), gunzip)).toBe(parts.join(''))
    }),
    { numRuns: 60 },
  )
})

test('members and blocks that are longer than what is read at once', async () => {
  // Digits that hardly compress, so that the compressed file is longer than one piece too.
  let seed = 1
  const digits = Array.from({ length: 200_000 }, () => {
    seed = (seed * 48_271) % 0x7fffffff
    return `${seed}\n`
  })
  for (const text of [digits.join(''), '\n'.repeat(9_000_000)]) {
    for (const packed of [gzipSync(text, { level: 1 }), zstdCompressSync(text)]) {
      const { text: content, why } = await read(packed)
      expect(why).toBeUndefined()
      expect(content === text).toBe(true)
    }
  }
})

const utf16be = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16()

test.each<[string, Buffer | string, RegExp]>([
  [
    'xz',
    Buffer.from('fd377a585a000004', 'hex'),
    /^is compressed with xz, which is not read: decompress it first: xz -d\.$/,
  ],
  ['bzip2', Buffer.from('425a683931415926535900', 'hex'), /^is compressed with bzip2, /],
  ['LZ4', Buffer.from('04224d1864', 'hex'), /^is compressed with LZ4, /],
  [
    'LZ4 behind a skippable frame',
    Buffer.concat([skippable(4), Buffer.from('04224d1864', 'hex')]),
    /^is damaged: what stands at byte 12, behind a zstd frame, is not a zstd frame; it begins with the bytes 04224d18\. /,
  ],
  ['zip', Buffer.from('504b030414000000', 'hex'), /^is a zip archive, which is not read: unpack it first: unzip\.$/],
  ['tar', Buffer.concat([Buffer.from('votes.jsonl'), Buffer.alloc(246), Buffer.from('ustar')]), /^is a tar archive, /],
  [
    'tar in gzip',
    gzipSync(Buffer.concat([Buffer.alloc(256, 'x'), Buffer.from('\0ustar')])),
    /^holds what is a tar archive, /,
  ],
  [
    'gzip in gzip',
    gzipSync(gzipSync(one)),
    /^holds what is compressed with gzip, which is not read: decompress it first: gzip -d\.$/,
  ],
  [
    'UTF-16 with its mark',
    Buffer.from(`\ufeff${one}`, 'utf16le'),
    /^is UTF-16, which is not read: make UTF-8 of it first: iconv -f UTF-16 -t UTF-8\.$/,
  ],
  ['UTF-16LE', Buffer.from(one, 'utf16le'), /^is UTF-16LE without a byte order mark: .* iconv -f UTF-16LE /],
  ['UTF-16BE', utf16be(one), /^is UTF-16BE without/],
  ['an image', Buffer.from([0x89, 0x50, 0, 1, 2]), /^is not text: it is binary, or in another encoding than UTF-8\.$/],
])('%s is refused in one sentence that says what it is', async (_name, content, why) => {
  expect(await read(content)).toEqual({ text: '', why: expect.stringMatching(why) })
})

test('text is read as it is: with a byte order mark, nothing at all, one byte', async () => {
  for (const text of [`\xef\xbb\xbf${one}`, `{"kk1AY&SY":1}`, `{"a":"${' '.repeat(251)}ustar"}`, '', '\n', '\x1f'])
    expect(await read(Buffer.from(text, 'latin1'))).toEqual({ text })
  expect((await read('', 'f.jsonl.gz')).why).toMatch(/^is empty, which a gzip or zstd file never is\. /)
})

test('what is not a file is a sentence', async () => {
  mkdirSync(join(directory, 'd.jsonl'))
  await expect(openContent(join(directory, 'd.jsonl'))).rejects.toThrow(
    'is not a regular file: name a file, a directory or -.',
  )
  await expect(openContent(join(directory, 'none'))).rejects.toThrow('There is no file ')
})
