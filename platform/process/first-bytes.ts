import type { Readable } from 'node:stream'

/** Reads up to `limit` bytes. Rejects if the content breaks off; `chunks` then holds the bytes that arrived. */
export async function firstBytes(
  content: Readable,
  limit: number,
  chunks: Buffer[] = [],
): Promise<{ bytes: Buffer; whole: boolean }> {
  let length = 0
  for await (const chunk of content as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    length += chunk.length
    if (length > limit) return { bytes: Buffer.concat(chunks).subarray(0, limit), whole: false }
  }
  return { bytes: Buffer.concat(chunks, length), whole: true }
}
