import { requestIdentity } from '#core/request-identity.ts'
import { TooLargeRecord } from '#platform/kafka/send-errors.ts'
import { UserError } from '#platform/process/user-error.ts'
import type { Dataset, FileReading } from '#sources/source.ts'
import {
  beginning,
  cutChunk,
  endsWithLine,
  isUnchanged,
  type LineReading,
  newlinesIn,
  type Position,
  positionAfter,
  selectorAt,
  sha256,
  shortHash,
} from './chunk.ts'
import { type Content, type Input, openContent } from './content.ts'
import type { FileDataset } from './files.ts'
import { slidingBytes } from './pieces.ts'
import type { ChunkSender } from './send-chunks.ts'
import type { SentBefore } from './sent-before.ts'

export interface FileSummary {
  name: string
  lines: number
  bytes: number
  /** Number of lines that an earlier run sent, and that this run skipped. */
  knownLines: number
  /** Byte offset at which this reading of the file began; above 0 only for followed files. */
  bytesBefore?: number
  known?: boolean
  differsFromLine?: number
}

export interface ReadProgress {
  name: string
  size: number | undefined
  bytesRead: number
}

export interface ReadOptions {
  from?: Position
  leaveUnfinished?: boolean
  /** True: the file is read repeatedly. Errors are then reported at once, and changes of the file are expected. */
  followed?: boolean
}

export interface SendFileOptions extends ReadOptions {
  sender: ChunkSender
  before: SentBefore
  atMs?: number | undefined
  progress: (read: ReadProgress) => void
  say: (text: string) => void
  stopped: () => boolean
}

/**
 * Sends the content that no earlier run sent, and adds a summary to `files`. If the reading fails after some lines, the
 * summary counts these lines. Returns the position reached; undefined if the file is compressed or read as a whole.
 * @throws UserError if the content cannot be read to its end; TooLargeRecord, without a summary; TransientError
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
      const leave = leaveUnfinished && !content.compressed
      const show = (bytesRead: number): void => progress({ name: content.name, size: content.size, bytesRead })
      const sending = { reading, sender, before, stopped, leaveUnfinished: leave, show }
      await countingLines(files, { ...about, bytesBefore: from.byte }, outcome, () =>
        sendLines(content, sending, outcome),
      )
    }
    if (!followed && content.changed()) say(`${content.name} was changed while it was read: read it again`)
    // A position in decompressed content does not map to bytes on disk.
    return reading.by === 'file' || content.compressed ? undefined : outcome.end
  } finally {
    content.close()
  }
}

/**
 * Adds a summary, also if `send` fails after some lines; not after TooLargeRecord, as the lines in Kafka are unknown.
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

function instantOf({ name, modifiedMs }: Content, atMs: number | undefined, say: (text: string) => void): number {
  if (atMs !== undefined) return atMs
  if (modifiedMs === undefined) throw new UserError('Standard input has no time of its own: say --at INSTANT.')
  const second = Math.floor(modifiedMs / 1000) * 1000
  say(
    `${name} is taken for a snapshot of ${new Date(second).toISOString()}, when it was modified: --at says another instant`,
  )
  return second
}

interface FileOutcome {
  lines: number
  bytes: number
  knownLines: number
  /** Number of the first line that differs from content sent before; undefined if no line differs. */
  differsFromLine?: number
  end: Position
}

interface SendLinesOptions {
  reading: LineReading
  sender: ChunkSender
  before: SentBefore
  leaveUnfinished?: boolean
  show: (bytesRead: number) => void
  stopped: () => boolean
}

// Bytes that are read beyond a chunk, to see whether a line end (\r\n) follows it.
const lookAhead = 2

/**
 * Sends the new content to its end, or until `stopped` returns true. Returns when Kafka has acknowledged what was sent.
 * If the content cannot be read to its end, sends all whole lines before the failure, then throws. Keeps `outcome` up
 * to date.
 */
async function sendLines(content: Content, options: SendLinesOptions, outcome: FileOutcome): Promise<void> {
  const { reading, sender, before, show, stopped } = options
  const sliding = slidingBytes(content.pieces, reading.chunkBytes + lookAhead)
  while (!stopped()) {
    const { bytes, ended, failure } = await sliding.fill()
    if (bytes.length === 0 && failure === undefined) break
    const at = outcome.end
    const known = await before.find(at, bytes, (length) => isUnchanged(bytes, length, ended, reading))
    const length = known ?? cutChunk(bytes, ended, reading).length
    // Whole lines before the damage are sent. The damaged line is not.
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
      const selector = selectorAt(at, length, contentHash)
      await sender.send({ selector, url: content.url, headers, body, contentHash }, before.add)
      outcome.bytes += length
      outcome.lines += newlines + (whole ? 0 : 1)
    } else outcome.knownLines += newlines + (whole ? 0 : 1)
    outcome.end = positionAfter(at, { bytes: length, contentHash, newlines, endsWithLine: whole })
    sliding.pass(length)
    show(content.bytesRead())
  }
  await sender.flush()
}

const startsWithEnd = (body: Buffer): boolean => body[0] === 0x0a || (body[0] === 0x0d && body[1] === 0x0a)

type WholeReading = Extract<FileReading, { by: 'file' }>

/** Sends a file as one chunk. If the same content was sent for `atMs` before, sends nothing and sets `known`. */
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
  const selector = shortHash(contentHash)
  if (await before.has(requestIdentity(dataset.name, window, selector))) return { bytes: 0, known: true }
  await sender.send({ selector, window, url: content.url, headers: {}, body, contentHash }, before.add)
  await sender.flush()
  return { bytes, known: false }
}
