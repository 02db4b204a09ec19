import type { Connection, RowsResult } from './engine.ts'
import { openReader } from './pipes.ts'
import type { Reply } from './reply.ts'

/** Bytes of a result that are held back. An error within these bytes can still be sent as an HTTP status. */
export const HOLD_BYTES = 64 * 1024
export const HOLD_LONG_BYTES = 16 * 1024 * 1024

/**
 * Streams a result from `pipe` no faster than the client reads. Returns the bytes that are still held back, and the
 * engine's counts.
 * @throws the engine's error, possibly after bytes were sent
 */
export async function streamRows(
  connection: Connection,
  sql: string,
  pipe: string,
  reply: Reply,
  format: string,
  holdBytes: number,
): Promise<{ result: RowsResult; held: Buffer[] }> {
  const { reader, finish } = openReader(pipe)
  const held: Buffer[] = []
  let heldBytes = 0
  const ended = new Promise<void>((resolve) => reader.once('close', resolve))
  reader.on('error', () => {})
  reader.on('data', (chunk: Buffer) => {
    if (reply.response.destroyed) return
    held.push(chunk)
    heldBytes += chunk.length
    if (!reply.isBegun && heldBytes < holdBytes) return
    heldBytes = 0
    const out = reply.begin()
    let isFree = true
    for (const one of held.splice(0)) isFree = out.write(one)
    // If the client has left, bytes are read and dropped. Otherwise the engine's thread would block forever.
    if (!isFree && !reply.response.destroyed) {
      reader.pause()
      out.once('drain', () => reader.resume())
    }
  })
  const onGone = () => reader.resume()
  reply.response.once('close', onGone)
  try {
    const result = await connection.run(sql, format)
    return { result, held }
  } finally {
    finish()
    await ended
    reply.response.off('close', onGone)
  }
}
