import type { Connection, RowsResult } from './engine.ts'
import { endReader, openReader } from './pipes.ts'
import type { Reply } from './reply.ts'

/** Held back before the head is sent: an error among the first bytes is then still an HTTP error. */
const HOLD_BYTES = 64 * 1024

/**
 * Runs a statement that writes its result into `pipe` and passes the bytes on as they come, no faster than the client
 * takes them. `holdBytes` more than the usual keeps the head back for longer (wait_end_of_query).
 * @returns the bytes that were not sent yet, and the engine's counts
 * @throws the engine's error; bytes may have been sent
 */
export async function streamRows(
  connection: Connection,
  sql: string,
  pipe: string,
  reply: Reply,
  holdBytes = HOLD_BYTES,
): Promise<{ result: RowsResult; held: Buffer[] }> {
  const reader = openReader(pipe)
  const held: Buffer[] = []
  let heldBytes = 0
  const ended = new Promise<void>((resolve) => reader.once('close', resolve))
  reader.on('error', () => {})
  reader.on('data', (chunk: Buffer) => {
    held.push(chunk)
    heldBytes += chunk.length
    if (!reply.isBegun && heldBytes < holdBytes) return
    heldBytes = 0
    const out = reply.begin()
    let isFree = true
    for (const one of held.splice(0)) isFree = out.write(one)
    // A client that left drains nothing: pausing for it would block the engine's thread for ever.
    if (!isFree && !reply.response.destroyed) {
      reader.pause()
      out.once('drain', () => reader.resume())
    }
  })
  const onGone = () => reader.resume()
  reply.response.once('close', onGone)
  try {
    const result = await connection.run(sql, 'Null')
    return { result, held }
  } finally {
    endReader(pipe)
    await ended
    reply.response.off('close', onGone)
  }
}
