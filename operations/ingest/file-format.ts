// Recognises unsupported file formats by their first bytes. Pure.

interface Format {
  what: string
  mend: string
  begins: Buffer
  at?: number
}

const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex')

const formats: Format[] = [
  { what: 'compressed with xz', mend: 'decompress it first: xz -d', begins: bytes('fd377a585a00') },
  ...[...'123456789'].map((level) => ({
    what: 'compressed with bzip2',
    mend: 'decompress it first: bzip2 -d',
    begins: Buffer.from(`BZh${level}1AY&SY`),
  })),
  { what: 'compressed with LZ4', mend: 'decompress it first: lz4 -d', begins: bytes('04224d18') },
  { what: 'compressed with LZ4', mend: 'decompress it first: lz4 -d', begins: bytes('02214c18') },
  { what: 'compressed with compress (.Z)', mend: 'decompress it first: gzip -d', begins: bytes('1f9d') },
  { what: 'compressed with gzip', mend: 'decompress it first: gzip -d', begins: bytes('1f8b') },
  { what: 'compressed with zstd', mend: 'decompress it first: zstd -d', begins: bytes('28b52ffd') },
  { what: 'a zip archive', mend: 'unpack it first: unzip', begins: bytes('504b0304') },
  { what: 'a zip archive without a file', mend: 'get it anew', begins: bytes('504b0506') },
  { what: 'a 7z archive', mend: 'unpack it first: 7z x', begins: bytes('377abcaf271c') },
  { what: 'a RAR archive', mend: 'unpack it first: unrar x', begins: bytes('526172211a07') },
  { what: 'a tar archive', mend: 'unpack it first: tar -x', begins: Buffer.from('\0ustar'), at: 256 },
  { what: 'UTF-32', mend: 'make UTF-8 of it first: iconv -f UTF-32 -t UTF-8', begins: bytes('fffe0000') },
  { what: 'UTF-32', mend: 'make UTF-8 of it first: iconv -f UTF-32 -t UTF-8', begins: bytes('0000feff') },
  { what: 'UTF-16', mend: 'make UTF-8 of it first: iconv -f UTF-16 -t UTF-8', begins: bytes('fffe') },
  { what: 'UTF-16', mend: 'make UTF-8 of it first: iconv -f UTF-16 -t UTF-8', begins: bytes('feff') },
]

export const probeBytes = 8 * 1024

/** Returns why content with these first bytes cannot be read, and what to do; undefined if it may be text. */
export function unreadableReason(first: Buffer): string | undefined {
  const format = formats.find(({ begins, at = 0 }) => first.subarray(at, at + begins.length).equals(begins))
  if (format !== undefined) return `is ${format.what}, which is not read: ${format.mend}`
  const utf16 = utf16Of(first)
  if (utf16 !== undefined)
    return `is ${utf16} without a byte order mark: make UTF-8 of it first: iconv -f ${utf16} -t UTF-8`
  // UTF-8 text has no zero byte. Images, databases and other encodings do.
  return first.includes(0) ? 'is not text: it is binary, or in another encoding than UTF-8' : undefined
}

/** Detects UTF-16 in text that starts with ASCII, as JSON does: every second byte is zero. */
function utf16Of(first: Buffer): string | undefined {
  const pairs = Math.min(8, first.length >> 1)
  if (pairs < 2) return undefined
  const zeroAt = (place: 0 | 1): boolean =>
    Array.from(
      { length: pairs },
      (_, pair) => first[2 * pair + place] === 0 && first[2 * pair + 1 - place] !== 0,
    ).every(Boolean)
  if (zeroAt(1)) return 'UTF-16LE'
  return zeroAt(0) ? 'UTF-16BE' : undefined
}
