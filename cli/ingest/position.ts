// Where one stands in some content, by what comes before: the content itself says what was sent of it, not its name.
import { createHash } from 'node:crypto'

export interface Position {
  /** Hash of the first chunk; undefined at the beginning. Chunks of one file are found together by it. */
  family: string | undefined
  /** Stands for all chunks before, in their order. */
  chain: string
  byte: number
  /** From 1; the one that goes on here where `withinLine`. */
  line: number
  withinLine: boolean
}

export const beginning: Position = { family: undefined, chain: '', byte: 0, line: 1, withinLine: false }

/** As long as needed for nobody ever to see two contents with one hash. */
export const shortHash = (contentHash: string): string => contentHash.slice(0, 32)

/** What a chunk is called behind the dataset's name: `start/<bytes>-<hash>`, later `<family>/<chain>/<bytes>-<hash>`. */
export const subjectAt = ({ family, chain }: Position, bytes: number, contentHash: string): string =>
  `${placeOf(family, chain)}/${bytes}-${shortHash(contentHash)}`

/** What the names of all chunks that may stand here begin with. */
export const placeOf = (family: string | undefined, chain: string): string =>
  family === undefined ? 'start' : `${family}/${chain}`

/** The position behind a chunk. */
export function behindChunk(
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
