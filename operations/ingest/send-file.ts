// One file or stream to raw: by its lines, of which those that were sent before are passed over, or as a whole.

import { requestIdentity } from '#core/request-identity.ts'
import { TooLargeRecord } from '#platform/kafka/send-errors.ts'
import { UserError } from '#platform/process/user-error.ts'
import type { Dataset, FileReading } from '#sources/source.ts'
import {
  beginning,
  behindChunk,
  cutChunk,
  endsWithLine,
  type LineReading,
  newlinesIn,
  type Position,
  sha256,
  shortHash,
  stillStands,
  subjectAt,
} from './chunk.ts'
import { type Content, type Input, openContent } from './content.ts'
import type { FileDataset } from './files.ts'
import { slidingBytes } from './pieces.ts'
import type { ChunkSender } from './send-chunks.ts'
import type { SentBefore } from './sent-before.ts'

/** What one reading of a file came to. */
export interface FileSummary {
  name: string
  /** Sent now. */
  lines: number
  bytes: number
  /** Passed over: sent before. */
  knownLines: number
  /** Of a file that is followed: where this reading began. */
  bytesBefore?: number
  known?: boolean
  differsFromLine?: number
}

/** How far the reading of a file is. */
export interface ReadProgress {
  name: string
  /** Bytes on disk; undefined of a stream. */
  size: number | undefined
  /** Of these, as they are on disk. */
  bytesRead: number
}

export interface ReadOptions {
  from?: Position
  leaveUnfinished?: boolean
  /** Whether it is looked at again and again: what is wrong with it is said at once, and may be over the next time. */
  followed?: boolean
}

export interface SendFileOptions extends ReadOptions {
  sender: ChunkSender
  before: SentBefore
  /** What a file that is a snapshot is a snapshot of, ms UTC; else when it was modified. */
  atMs?: number | undefined
  progress: (read: ReadProgress) => void
  say: (text: string) => void
  stopped: () => boolean
}

/**
 * Sends what is new of a file or stream. Gives up to where a plain file of lines was sent.
 *
 * @param files gets the summary of the file, also where it could not be read to its end when anything of it was read
 * @throws UserError why it cannot be read to its end; TooLargeRecord; TransientError
 */
export async function sendFile(
  input: Input,
  { dataset, reading }: FileDataset,
  options: SendFileOptions,
  files: FileSummary[],
): Promise<Position | undefined> {
  const {
    sender,
    before,
    progress,
    say,
    stopped,
    from = beginning,
    leaveUnfinished = false,
    followed = false,
  } = options
  const content = await openContent(input, from.byte)
  const about = { name: content.name, lines: 0, knownLines: 0, bytes: 0 }
  const outcome: FileOutcome = { lines: 0, knownLines: 0, bytes: 0, end: from }
  try {
    if (reading.by === 'file') {
      const atMs = instantOf(content, options.atMs, say)
      const { bytes, known } = await sendWhole(content, dataset, reading, atMs, { sender, before })
      files.push({ ...about, bytes, ...(known && { known: true }) })
    } else {
      // What is compressed and was read to its end is finished.
      const leave = leaveUnfinished && !content.compressed
      const show = (bytesRead: number): void => progress({ name: content.name, size: content.size, bytesRead })
      const sending = { reading, sender, before, stopped, leaveUnfinished: leave, show }
      await countingLines(files, { ...about, bytesBefore: from.byte }, outcome, () =>
        sendLines(content, sending, outcome),
      )
    }
    if (!followed && content.changed()) say(`${content.name} was changed while it was read: read it again`)
    // A position in what is compressed says nothing of the bytes on disk.
    return reading.by === 'file' || content.compressed ? undefined : outcome.end
  } finally {
    content.close()
  }
}

/**
 * Puts a file into the summary, also one that could not be read to its end when anything of it was read. One of which a
 * chunk cannot be kept is not in it: which of its lines Kafka has taken is not known then.
 */
async function countingLines(
  files: FileSummary[],
  about: FileSummary,
  outcome: FileOutcome,
  send: () => Promise<void>,
): Promise<void> {
  const add = (): void => {
    const { end: _, ...counts } = outcome
    files.push({ ...about, ...counts })
  }
  try {
    await send()
    add()
  } catch (error) {
    if (!(error instanceof TooLargeRecord) && outcome.lines + outcome.knownLines > 0) add()
    throw error
  }
}

/** Whole seconds: what the store holds of a time. */
function instantOf({ name, modifiedMs }: Content, atMs: number | undefined, say: (text: string) => void): number {
  if (atMs !== undefined) return atMs
  if (modifiedMs === undefined) throw new UserError('Standard input has no time of its own: say --at INSTANT.')
  const second = Math.floor(modifiedMs / 1000) * 1000
  say(
    `${name} is taken for a snapshot of ${new Date(second).toISOString()}, when it was modified: --at says another instant`,
  )
  return second
}

/** What became of a file so far. */
interface FileOutcome {
  /** Lines and bytes that were sent now, and lines that had been before. */
  lines: number
  bytes: number
  knownLines: number
  /** The line from which on the content is another than what was sent before, where it begins as that did. */
  differsFromLine?: number
  /** Up to where it was sent; a last line that was left for later is behind it. */
  end: Position
}

interface SendLinesOptions {
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
async function sendLines(content: Content, options: SendLinesOptions, outcome: FileOutcome): Promise<void> {
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

type WholeReading = Extract<FileReading, { by: 'file' }>

/**
 * Sends a file unless it was sent before for the same instant. Gives how many bytes that were.
 *
 * @param atMs what the file is a snapshot of, ms UTC, whole seconds
 */
async function sendWhole(
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
    if (bytes > maxBytes) throw new UserError(`${content.name} is longer than ${maxBytes} bytes: it is no such answer.`)
    pieces.push(piece)
  }
  if (bytes === 0) throw new UserError(`${content.name} is empty.`)
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
