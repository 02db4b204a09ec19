// One file as one raw response: a snapshot of an instant.

import { requestIdentity } from '#core/request-identity.ts'
import { Problem } from '#platform/process/problem.ts'
import type { Dataset, FileReading } from '#sources/source.ts'
import type { Content } from './content.ts'
import { sha256, shortHash } from './position.ts'
import type { ChunkSender } from './send-chunks.ts'
import type { SentBefore } from './sent-before.ts'

export type WholeReading = Extract<FileReading, { by: 'file' }>

/**
 * Sends a file unless it was sent before for the same instant. Gives how many bytes that were.
 *
 * @param atMs what the file is a snapshot of, ms UTC, whole seconds
 */
export async function sendWhole(
  content: Content,
  dataset: Dataset,
  { maxBytes }: WholeReading,
  atMs: number,
  { sender, before }: { sender: ChunkSender; before: SentBefore },
): Promise<{ bytes: number; known: boolean }> {
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of content.pieces) {
    bytes += piece.length
    if (bytes > maxBytes) throw new Problem(`${content.name} is longer than ${maxBytes} bytes: it is no such answer.`)
    pieces.push(piece)
  }
  if (bytes === 0) throw new Problem(`${content.name} is empty.`)
  const body = Buffer.concat(pieces)
  const contentHash = sha256(body)
  const stepS = dataset.steps.findLast(({ fromMs }) => fromMs <= atMs)?.stepS ?? 1
  const window = { startMs: atMs, endMs: atMs + stepS * 1000 }
  const subject = shortHash(contentHash)
  if (await before.has(requestIdentity(dataset.name, window, subject))) return { bytes: 0, known: true }
  await sender.send({ subject, window, url: content.url, headers: {}, body, contentHash }, before.add)
  await sender.flush()
  return { bytes, known: false }
}
