import type { createInflateRaw, createZstdDecompress } from 'node:zlib'
import type { PieceReader } from './pieces.ts'

type Decompressor = ReturnType<typeof createInflateRaw> | ReturnType<typeof createZstdDecompress>

/**
 * Yields what the decompressor makes of the input. Reads the next piece only after all output of the piece before it.
 * At the end of the compressed data, stops and puts the remaining input back.
 * @throws the decompressor's error, also if the input ends before the compressed data do
 */
export async function* outputOf(
  decompressor: Decompressor,
  input: Pick<PieceReader, 'next' | 'unread'>,
): AsyncGenerator<Buffer> {
  let failure: Error | undefined
  let wake = (): void => {}
  decompressor.on('readable', () => wake())
  decompressor.on('error', (error) => {
    failure ??= error
    wake()
  })
  try {
    for (;;) {
      const piece = await input.next()
      const taken = decompressor.bytesWritten
      let done = false
      const finished = (error?: Error | null): void => {
        failure ??= error ?? undefined
        done = true
        wake()
      }
      if (piece === undefined) decompressor.end(finished)
      else decompressor.write(piece, finished)
      for (;;) {
        const output = decompressor.read() as Buffer | null
        if (output !== null) yield output
        else if (done || failure !== undefined) break
        else
          await new Promise<void>((resolve) => {
            wake = resolve
          })
      }
      if (failure !== undefined) throw failure
      if (piece === undefined) return
      const left = piece.subarray(decompressor.bytesWritten - taken)
      if (left.length === 0) continue
      input.unread(left)
      return
    }
  } finally {
    decompressor.destroy()
  }
}
