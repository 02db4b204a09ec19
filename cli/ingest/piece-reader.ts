/** Reads bytes that come in pieces, and knows how many it has passed. */
export interface PieceReader {
  /** Offset of the next byte. */
  at: () => number
  /** The next bytes, as many as are there at once, at least one; undefined at the end. */
  next: () => Promise<Buffer | undefined>
  /** Exactly so many bytes; fewer only at the end. */
  take: (length: number) => Promise<Buffer>
  /** Puts back the last bytes that were read. */
  unread: (bytes: Buffer) => void
}

/** Opens a reader of pieces. Errors of the pieces are thrown as they are. */
export function pieceReader(pieces: AsyncIterable<Buffer>): PieceReader {
  const source = pieces[Symbol.asyncIterator]()
  const held: Buffer[] = []
  let at = 0
  const next = async (): Promise<Buffer | undefined> => {
    let piece = held.pop()
    while (piece === undefined || piece.length === 0) {
      const read = await source.next()
      if (read.done) return undefined
      piece = read.value
    }
    at += piece.length
    return piece
  }
  const unread = (bytes: Buffer): void => {
    at -= bytes.length
    if (bytes.length > 0) held.push(bytes)
  }
  return {
    at: () => at,
    next,
    unread,
    take: async (length) => {
      const taken: Buffer[] = []
      let missing = length
      while (missing > 0) {
        const piece = await next()
        if (piece === undefined) break
        if (piece.length > missing) unread(piece.subarray(missing))
        taken.push(piece.subarray(0, missing))
        missing -= Math.min(missing, piece.length)
      }
      const [only = Buffer.alloc(0)] = taken
      return taken.length > 1 ? Buffer.concat(taken) : only
    },
  }
}

/** All that is left, piece by piece. */
export async function* remaining({ next }: PieceReader): AsyncGenerator<Buffer> {
  for (let piece = await next(); piece !== undefined; piece = await next()) yield piece
}
