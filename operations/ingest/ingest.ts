// Reads files into the store. Beside the poller, this is the second producer of raw and polls.

import { untilQueryable } from '#operations/history/until-queryable.ts'
import type { Kafka } from '#platform/kafka/client.ts'
import { highWatermarks } from '#platform/kafka/consumer-lag.ts'
import { deadLetterHeaders } from '#platform/kafka/dead-letter.ts'
import { offsetRange, readRanges } from '#platform/kafka/read-range.ts'
import type { Registry } from '#platform/kafka/registry.ts'
import { TooLargeRecord } from '#platform/kafka/send-errors.ts'
import { TransientError } from '#platform/process/transient-error.ts'
import { UserError } from '#platform/process/user-error.ts'
import { deadLetterTopic, rawTopic } from '#schemas/topics.ts'
import type { FileReading } from '#sources/source.ts'
import type { Position } from './chunk.ts'
import { type Input, nameOf } from './content.ts'
import type { FileDataset } from './files.ts'
import { openChunkSender } from './send-chunks.ts'
import { type FileSummary, type ReadOptions, type ReadProgress, sendFile } from './send-file.ts'
import { type Ask, newestRawRecords, openSentBefore } from './sent-before.ts'
import { watchFiles } from './watch.ts'

export interface IngestParts {
  kafka: Kafka
  registry: Registry
  ask: Ask
}

export interface Summary {
  dataset: string
  by: FileReading['by']
  /** Noun for what `stored` counts, for example `votes`. */
  noun: string
  files: FileSummary[]
  chunks: number
  stored: number
  refused: number
  examples: string[]
  failed: string[]
  seconds: number
}

const emptySummary = (dataset: string, { by, stored }: FileReading): Summary => ({
  ...{ dataset, by, noun: stored?.noun ?? 'points' },
  ...{ files: [], chunks: 0, stored: 0, refused: 0, examples: [], failed: [], seconds: 0 },
})

/** What to ingest. Without `follow`, each input is read once. With `follow`, new content is read until `stop`. */
export type IngestJob = {
  files: FileDataset
  /** Time of the values if a file is one snapshot, ms UTC, whole seconds. Default: the file's modification time. */
  atMs?: number | undefined
  /** Signal that ends the ingest after the current chunk. The chunks that were sent stay valid. */
  stop?: AbortSignal
} & ({ inputs: () => readonly Input[]; follow?: false } | { inputs: () => string[]; follow: true; stop: AbortSignal })

export interface IngestEvents {
  /** Called once, before the first file is opened. The ingest then knows the chunks of earlier runs. */
  begins: () => void
  progress: (read: ReadProgress) => void
  /** Called after each complete reading of a file. A followed file is read many times. */
  fileRead: (file: FileSummary) => void
  say: (text: string) => void
}

/**
 * Reads files into the store. Skips content that was sent before, so an interrupted ingest can simply be repeated.
 * Returns when everything sent can be queried or is a dead letter. The summary reports files that cannot be read. Run
 * one ingest per dataset at a time: known_at must increase from chunk to chunk, and only one process can ensure that.
 * @throws UserError if Kafka is unavailable for too long
 */
export async function ingest(parts: IngestParts, job: IngestJob, events: IngestEvents): Promise<Summary> {
  const stopped = (): boolean => job.stop?.aborted ?? false
  const session = await openSession(parts, job, events, stopped)
  try {
    events.begins()
    if (job.follow) await watchFiles(job.inputs, session.read, events.say, job.stop)
    else {
      for (const input of job.inputs()) {
        if (stopped()) break
        await session.read(input)
      }
    }
    return await session.finish()
  } finally {
    await session.close()
  }
}

interface Session {
  read: (input: Input, options?: ReadOptions) => Promise<Position | undefined>
  finish: () => Promise<Summary>
  close: () => Promise<void>
}

async function openSession(
  parts: IngestParts,
  { files, atMs }: IngestJob,
  { progress, fileRead, say }: IngestEvents,
  stopped: () => boolean,
): Promise<Session> {
  const { source, dataset } = files
  const { ask, kafka } = parts
  const raw = rawTopic(source.name).name
  const unrecorded = await newestRawRecords(parts, raw, dataset.name, say)
  const before = await openSentBefore(ask, dataset.name)
  const newest = Math.max(before.newestKnownAt, ...unrecorded.map((each) => each.raw.fetchedAt))
  const sender = await openChunkSender(parts, source.name, dataset.name, newest)
  for (const each of unrecorded) {
    if (await before.has(each.raw.requestIdentity)) continue
    await sender.record(each)
    before.add(each.raw.requestIdentity)
  }
  const letters = deadLetterTopic(source.name).name
  const lettersBefore = await highWatermarks(kafka, letters)
  const startedMs = performance.now()
  const summary = emptySummary(dataset.name, files.reading)
  const sending = { sender, before, atMs, progress, say, stopped }
  // Messages by input. A followed file may become readable later, and then its message is removed.
  const failed = new Map<Input, string>()
  return {
    read: async (input, readOptions = {}) => {
      failed.delete(input)
      try {
        const already = summary.files.length
        const reached = await sendFile(input, files, { ...sending, ...readOptions }, summary.files)
        for (const file of summary.files.slice(already)) fileRead(file)
        return reached
      } catch (error) {
        if (error instanceof TransientError)
          throw new UserError(`${error.message}: the same command goes on where this one ends.`)
        if (error instanceof TooLargeRecord) {
          // Chunks in flight must finish before the next file starts.
          await sender.flush().catch(() => undefined)
          failed.set(input, `${nameOf(input)} cannot be kept: ${error.message}`)
          return undefined
        }
        if (!(error instanceof UserError)) throw error
        failed.set(input, error.message)
        if (readOptions.followed) say(error.message)
        return undefined
      }
    },
    finish: async () => {
      summary.failed = [...failed.values()]
      await sender.flush()
      const { chunks, fromMs, toMs, places } = sender.sent()
      // Chunks of an interrupted run may still be in flight.
      await untilQueryable(kafka, source, say)
      if (chunks > 0) {
        const count = files.reading.stored?.count ?? pointsOf(dataset.name)
        const [stored] = await ask<{ count: number }>(count(fromMs, toMs))
        summary.stored = Number(stored?.count ?? 0)
        await readLetters(kafka, { letters, from: lettersBefore, raw, places }, summary)
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

async function readLetters(
  kafka: Kafka,
  {
    letters,
    from,
    raw,
    places,
  }: { letters: string; from: Map<number, number>; raw: string; places: ReadonlySet<string> },
  summary: Summary,
): Promise<void> {
  const held = await offsetRange(kafka, letters)
  const span = new Map([...held].map(([partition, { to }]) => [partition, { from: from.get(partition) ?? 0, to }]))
  const { topic, partition, offset, message } = deadLetterHeaders
  await readRanges(kafka, letters, span, (records) => {
    for (const { headers } of records) {
      if (`${headers[topic]}` !== raw || !places.has(`${headers[partition]}/${headers[offset]}`)) continue
      summary.refused++
      if (summary.examples.length < maxExamples) summary.examples.push(`${headers[message] ?? 'not told why'}`)
    }
  })
}

const maxExamples = 5
