import type { Connection, RowsResult } from './engine.ts'
import { openReader } from './pipes.ts'
import type { Reply } from './reply.ts'

/** An error among the first bytes is still an HTTP error. */
export const HOLD_BYTES = 64 * 1024
/** With wait_end_of_query=1. The server would hold all of it. */
export const HOLD_LONG_BYTES = 16 * 1024 * 1024

/**
 * Runs a statement that writes its result into `pipe` and passes the bytes on as they come, no faster than the client
 * takes them. The first `holdBytes` are held back before the head is sent.
 * @returns the bytes that were not sent yet, and the engine's counts
 * @throws the engine's error; bytes may have been sent
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
    // A client that left drains nothing: its bytes are read and dropped, or the engine's thread would block for ever.
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
