export interface PieceReader {
  at: () => number
  /** Returns the next bytes, at least one; undefined at the end. */
  next: () => Promise<Buffer | undefined>
  /** Returns the next `length` bytes. At the end, returns fewer. */
  take: (length: number) => Promise<Buffer>
  unread: (bytes: Buffer) => void
}

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

export async function* remaining({ next }: PieceReader): AsyncGenerator<Buffer> {
  for (let piece = await next(); piece !== undefined; piece = await next()) yield piece
}

/** The section of some content that is in memory. `pass` moves the start of the section forward. */
export interface SlidingBytes {
  /**
   * Reads until `capacity` bytes are available or the content ends. The returned bytes are valid until the next call.
   * `failure` is set if the content cannot be read beyond these bytes.
   */
  fill: () => Promise<{ bytes: Buffer; ended: boolean; failure: unknown }>
  pass: (length: number) => void
}

export function slidingBytes(pieces: AsyncIterable<Buffer>, capacity: number): SlidingBytes {
  const read = pieces[Symbol.asyncIterator]()
  let held = Buffer.allocUnsafe(2 * capacity)
  let start = 0
  let end = 0
  let ended = false
  let failure: unknown
  const add = (piece: Buffer): void => {
    if (held.length - end < piece.length) {
      const larger = held.length - (end - start) < piece.length ? Buffer.allocUnsafe(end - start + piece.length) : held
      held.copy(larger, 0, start, end)
      held = larger
      end -= start
      start = 0
    }
    end += piece.copy(held, end)
  }
  return {
    fill: async () => {
      while (!ended && failure === undefined && end - start < capacity) {
        try {
          const next = await read.next()
          if (next.done) ended = true
          else add(next.value)
        } catch (error) {
          failure = error
        }
      }
      const length = Math.min(end - start, capacity)
      const all = length === end - start
      return { bytes: held.subarray(start, start + length), ended: ended && all, failure: all ? failure : undefined }
    },
    pass: (length) => {
      start += length
    },
  }
}
