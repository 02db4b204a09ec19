/** The next bytes of some content, of which so many as are done with are passed over. */
export interface SlidingBytes {
  /**
   * Reads on until `capacity` bytes are held, or all that is left; they stand until the next call. `failure` is why
   * nothing can be read behind them.
   */
  fill: () => Promise<{ bytes: Buffer; ended: boolean; failure: unknown }>
  pass: (length: number) => void
}

/** Holds at most `capacity` bytes and a piece. */
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
