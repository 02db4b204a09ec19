// A reading of files: what is sent, what the source's memory says, what it comes to in the end.

import type { StackFile } from '#local/stack-file.ts'
import { untilQueryable } from '#operations/history/until-queryable.ts'
import { deadLetterHeaders } from '#platform/kafka/dead-letter.ts'
import { endsOf } from '#platform/kafka/progress.ts'
import { readSpan, spanOf } from '#platform/kafka/read-span.ts'
import { TooLargeRecord } from '#platform/kafka/send-errors.ts'
import { printable } from '#platform/process/printable.ts'
import { Problem } from '#platform/process/problem.ts'
import { Unwell } from '#platform/process/unwell.ts'
import { deadLetterTopic, rawTopic } from '#schemas/topics.ts'
import { rowsOf } from '../ask-store.ts'
import type { StackClients } from '../stack-clients.ts'
import { type Content, openContent } from './content.ts'
import type { FileDataset } from './file-dataset.ts'
import { beginning, type Position } from './position.ts'
import { type ChunkSender, openChunkSender } from './send-chunks.ts'
import { type FileOutcome, sendLines } from './send-lines.ts'
import { sendWhole } from './send-whole.ts'
import { openSentBefore, type SentBefore, unrecordedChunks } from './sent-before.ts'
import { emptySummary, type FileSummary, newsOf, type Summary } from './summary.ts'

export interface Session {
  /** Sends what is new of a file and adds it to the summary, also why it could not be read to its end. */
  read: (path: string, options?: ReadOptions) => Promise<Position | undefined>
  /** Returns when all that was sent can be queried, or lies among the dead letters. */
  finish: () => Promise<Summary>
  close: () => Promise<void>
}

export interface ReadOptions {
  from?: Position
  leaveUnfinished?: boolean
  /** Whether it is looked at again and again: what is wrong with it is said at once, and may be over the next time. */
  followed?: boolean
}

export interface SessionOptions {
  /** What files that are snapshots are snapshots of, ms UTC; else when they were modified. */
  atMs: number | undefined
  show: (content: Content) => void
  say: (text: string) => void
  stopped: () => boolean
}

/** Opens a reading of files of a dataset. One at a time: known_at grows over all of them. */
export async function openSession(
  stack: StackFile,
  clients: StackClients,
  files: FileDataset,
  options: SessionOptions,
): Promise<Session> {
  const { source, dataset } = files
  const ask = <Row>(sql: string) => rowsOf<Row>(stack, sql)
  const raw = rawTopic(source.name).name
  const unrecorded = await unrecordedChunks(clients, ask, raw, dataset.name, options.say)
  const before = await openSentBefore(ask, dataset.name)
  const newest = Math.max(before.newestKnownAt, ...unrecorded.map((each) => each.raw.fetchedAt))
  const sender = await openChunkSender(clients, source.name, dataset.name, newest)
  for (const each of unrecorded) {
    if (await before.has(each.raw.requestIdentity)) continue
    await sender.record(each)
    before.add(each.raw.requestIdentity)
  }
  const letters = deadLetterTopic(source.name).name
  const lettersBefore = await endsOf(clients.kafka, letters)
  const startedMs = performance.now()
  const summary = emptySummary(dataset.name, files.reading)
  // By path: a file that is followed may become whole.
  const failed = new Map<string, string>()
  return {
    read: async (path, readOptions = {}) => {
      failed.delete(path)
      try {
        const already = summary.files.length
        const reached = await readFile(path, files, { ...options, ...readOptions, sender, before }, summary)
        if (readOptions.followed) for (const file of summary.files.slice(already)) options.say(newsOf(file, summary.by))
        return reached
      } catch (error) {
        if (error instanceof Unwell)
          throw new Problem(`${error.message}: the same command goes on where this one ends.`)
        if (error instanceof TooLargeRecord) {
          // What of the file is still on its way ends before another begins.
          await sender.flush().catch(() => undefined)
          failed.set(path, `${printable(path)} cannot be kept: ${error.message}`)
          return undefined
        }
        if (!(error instanceof Problem)) throw error
        failed.set(path, error.message)
        if (readOptions.followed) options.say(error.message)
        return undefined
      }
    },
    finish: async () => {
      summary.failed = [...failed.values()]
      await sender.flush()
      const { chunks, fromMs, toMs, places } = sender.sent()
      // What was sent before may still be on its way: an earlier reading was interrupted.
      await untilQueryable(clients.kafka, source, options.say)
      if (chunks > 0) {
        const count = files.reading.stored?.count ?? pointsOf(dataset.name)
        const [stored] = await ask<{ count: number }>(count(fromMs, toMs))
        summary.stored = Number(stored?.count ?? 0)
        await readLetters(clients, { letters, from: lettersBefore, raw, places }, summary)
      }
      summary.chunks = chunks
      summary.seconds = Math.round(performance.now() - startedMs) / 1000
      return summary
    },
    close: () => sender.close(),
  }
}

const pointsOf = (dataset: string) => (fromMs: number, toMs: number) =>
  `SELECT count() AS count FROM tidemark.point_revisions FINAL WHERE dataset = '${dataset}'
   AND known_at BETWEEN fromUnixTimestamp64Milli(${fromMs}) AND fromUnixTimestamp64Milli(${toMs})`

async function readFile(
  path: string,
  { dataset, reading }: FileDataset,
  options: SessionOptions & ReadOptions & { sender: ChunkSender; before: SentBefore },
  summary: Summary,
): Promise<Position | undefined> {
  const { sender, before, show, say, stopped, from = beginning, leaveUnfinished = false, followed = false } = options
  const content = await openContent(path, from.byte)
  const about = { name: content.name, lines: 0, knownLines: 0, bytes: 0 }
  const outcome: FileOutcome = { lines: 0, knownLines: 0, bytes: 0, end: from }
  try {
    if (reading.by === 'file') {
      const atMs = instantOf(content, options.atMs, say)
      const { bytes, known } = await sendWhole(content, dataset, reading, atMs, { sender, before })
      summary.files.push({ ...about, bytes, ...(known && { known: true }) })
    } else {
      // What is compressed and was read to its end is finished.
      const leave = leaveUnfinished && !content.compressed
      const sending = { reading, sender, before, stopped, leaveUnfinished: leave, show: () => show(content) }
      await countingLines(summary, { ...about, bytesBefore: from.byte }, outcome, () =>
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
  summary: Summary,
  about: FileSummary,
  outcome: FileOutcome,
  send: () => Promise<void>,
): Promise<void> {
  const add = (): void => {
    const { end: _, ...counts } = outcome
    summary.files.push({ ...about, ...counts })
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
  if (modifiedMs === undefined) throw new Problem('Standard input has no time of its own: say --at INSTANT.')
  const second = Math.floor(modifiedMs / 1000) * 1000
  say(
    `${name} is taken for a snapshot of ${new Date(second).toISOString()}, when it was modified: --at says another instant`,
  )
  return second
}

/** Adds the dead letters of chunks that were sent now. */
async function readLetters(
  { kafka }: StackClients,
  {
    letters,
    from,
    raw,
    places,
  }: { letters: string; from: Map<number, number>; raw: string; places: ReadonlySet<string> },
  summary: Summary,
): Promise<void> {
  const held = await spanOf(kafka, letters)
  const span = new Map([...held].map(([partition, { to }]) => [partition, { from: from.get(partition) ?? 0, to }]))
  const { topic, partition, offset, message } = deadLetterHeaders
  await readSpan(kafka, letters, span, (records) => {
    for (const { headers } of records) {
      if (`${headers[topic]}` !== raw || !places.has(`${headers[partition]}/${headers[offset]}`)) continue
      summary.refused++
      if (summary.examples.length < mostExamples) summary.examples.push(`${headers[message] ?? 'not told why'}`)
    }
  })
}

const mostExamples = 5
