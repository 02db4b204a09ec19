// One file of lines to raw: what was sent of its content before is passed over.

import { cutChunk, endsWithLine, type LineReading, newlinesIn, stillStands } from './chunk.ts'
import type { Content } from './content.ts'
import { behindChunk, type Position, sha256, subjectAt } from './position.ts'
import type { ChunkSender } from './send-chunks.ts'
import type { SentBefore } from './sent-before.ts'
import { slidingBytes } from './sliding-bytes.ts'

/** What became of a file so far. */
export interface FileOutcome {
  /** Lines and bytes that were sent now, and lines that had been before. */
  lines: number
  bytes: number
  knownLines: number
  /** The line from which on the content is another than what was sent before, where it begins as that did. */
  differsFromLine?: number
  /** Up to where it was sent; a last line that was left for later is behind it. */
  end: Position
}

export interface SendLinesOptions {
  reading: LineReading
  sender: ChunkSender
  before: SentBefore
  /** Whether a last line without an end is left for later: it may still be being written. */
  leaveUnfinished?: boolean
  show: (bytesRead: number) => void
  stopped: () => boolean
}

// To see whether a line that had no end goes on.
const lookAhead = 2

/**
 * Sends what is new. Returns when Kafka has taken it, or `stopped`. Throws why the content cannot be read to its end when
 * all lines before that place are sent.
 *
 * @param outcome begins with the position at which the content begins, and is kept up to date, also where this throws
 */
export async function sendLines(content: Content, options: SendLinesOptions, outcome: FileOutcome): Promise<void> {
  const { reading, sender, before, show, stopped } = options
  const sliding = slidingBytes(content.pieces, reading.chunkBytes + lookAhead)
  while (!stopped()) {
    const { bytes, ended, failure } = await sliding.fill()
    if (bytes.length === 0 && failure === undefined) break
    const at = outcome.end
    const known = await before.find(at, bytes, (length) => stillStands(bytes, length, ended, reading))
    const length = known ?? cutChunk(bytes, ended, reading).length
    // Whole lines before the damage go in; the one that it cuts does not.
    if (length === 0) throw failure
    const body = bytes.subarray(0, length)
    const whole = endsWithLine(body)
    if (options.leaveUnfinished && known === undefined && !whole && ended && length === bytes.length) break
    const newlines = newlinesIn(body)
    const contentHash = sha256(body)
    if (known === undefined) {
      if (at.family !== undefined && (await before.anyAt(at))) outcome.differsFromLine ??= at.line
      const headers = {
        'first-line': `${at.line}`,
        'first-byte': `${at.byte}`,
        'starts-within-line': `${at.withinLine && !startsWithEnd(body)}`,
      }
      const subject = subjectAt(at, length, contentHash)
      await sender.send({ subject, url: content.url, headers, body, contentHash }, before.add)
      outcome.bytes += length
      outcome.lines += newlines + (whole ? 0 : 1)
    } else outcome.knownLines += newlines + (whole ? 0 : 1)
    outcome.end = behindChunk(at, { bytes: length, contentHash, newlines, endsWithLine: whole })
    sliding.pass(length)
    show(content.bytesRead())
  }
  await sender.flush()
}

/** A line that had no end, and has got one: nothing of it is left to be passed over. */
const startsWithEnd = (body: Buffer): boolean => body[0] === 0x0a || (body[0] === 0x0d && body[1] === 0x0a)
