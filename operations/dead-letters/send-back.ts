import type { DeadLetter } from '#core/dead-letter.ts'
import type { Kafka } from '#platform/kafka/client.ts'
import { headersOfRefused } from '#platform/kafka/dead-letter.ts'
import {
  type DeadLetterResolution,
  resolutionHeaders,
  resolutionRecord,
} from '#platform/kafka/dead-letter-resolution.ts'
import type { Producer } from '#platform/kafka/produce.ts'
import type { ProducerRecord } from '#platform/kafka/producer-record.ts'
import { readRanges, type StoredRecord } from '#platform/kafka/read-range.ts'
import { RefusedSend } from '#platform/kafka/send-errors.ts'
import { TransientError } from '#platform/process/transient-error.ts'
import type { ReturnableLetter, SkippedDeadLetter } from './plan.ts'

export interface ResolutionAuthor {
  by: string
  why: string
  /** The pollers' clock, ms UTC. Default: the machine's. */
  nowMs?: () => Promise<number>
}

interface Clients {
  kafka: Kafka
  producer: Producer
}

const maxLettersAtOnce = 500
const maxBytesAtOnce = 16 * 1024 * 1024
const maxFailuresInARow = 3

/**
 * Sends dead letters back to the topic and partition of the refused record, with the original key, value and headers.
 * More headers name the dead letter, and the reasons and the number of its refusals. `skipped` has the dead letters that
 * Kafka rejected, no longer has, or did not mark as requeued.
 * Kafka acknowledges a record before the decision is written. After a crash in between, the record may be requeued
 * twice. This is harmless, because rows are idempotent. The reverse order could lose the record.
 */
export async function sendBack(
  clients: Clients,
  letters: readonly ReturnableLetter[],
  decider: ResolutionAuthor,
  onDone: (done: number) => void = () => {},
): Promise<{ sent: DeadLetter[]; skipped: SkippedDeadLetter[] }> {
  const sent: DeadLetter[] = []
  const skipped: SkippedDeadLetter[] = []
  for (const chunk of chunksOf(letters)) {
    const records = await valuesOf(clients.kafka, chunk)
    const there = chunk.filter(({ letter }) => records.has(letter.id))
    for (const { letter } of chunk) if (!records.has(letter.id)) skipped.push({ letter, why: { kind: 'deleted' } })
    const returns = (some: ReturnableLetter[]) =>
      some.map((one) => toOutgoing(one, records.get(one.letter.id) as StoredRecord))
    const tried = await sendAllOrEach(there, (some) => sendTo(clients.producer, some, returns(some)))
    skipped.push(...tried.failed)
    const gone = tried.sent.map(({ letter }) => letter)
    const undecided = await recordResolution(clients.producer, gone, 'requeued', decider)
    if (undecided === undefined) sent.push(...gone)
    else
      skipped.push(
        ...gone.map((letter): SkippedDeadLetter => ({ letter, why: { kind: 'undecided', message: undecided } })),
      )
    onDone(sent.length + skipped.length)
  }
  return { sent, skipped }
}

/** Writes to Kafka that dead letters were requeued or dropped. Returns Kafka's error message if Kafka rejects that. */
export async function recordResolution(
  producer: Producer,
  letters: readonly DeadLetter[],
  decision: DeadLetterResolution['decision'],
  { by, why, nowMs = async () => Date.now() }: ResolutionAuthor,
): Promise<string | undefined> {
  const atMs = await nowMs()
  try {
    for (const [topic, same] of Map.groupBy(letters, (letter) => letter.topic)) {
      const records = same.map(({ keyBytes: key, partition, offset }) =>
        resolutionRecord({ key, partition }, { decision, offset, by, why, atMs }),
      )
      await producer.send(topic, records)
    }
    return undefined
  } catch (error) {
    if (!isNotTaken(error)) throw error
    return error.message
  }
}

function toOutgoing({ letter, to }: ReturnableLetter, { key, value, headers }: StoredRecord): ProducerRecord {
  const own = headersOfRefused(headers)
  return { key, value, partition: to.partition, headers: { ...own, [resolutionHeaders.letter]: letter.id } }
}

/** Splits dead letters into batches of at most 500 and 16 MiB, with one dead-letter topic and one target topic each. */
export function chunksOf(letters: readonly ReturnableLetter[]): ReturnableLetter[][] {
  const chunks: ReturnableLetter[][] = []
  let bytes = 0
  for (const one of letters) {
    const chunk = chunks.at(-1)
    const last = chunk?.at(-1)
    const size = one.letter.bytes ?? 0
    const fits =
      chunk &&
      last?.to.topic === one.to.topic &&
      last.letter.topic === one.letter.topic &&
      chunk.length < maxLettersAtOnce
    if (fits && bytes + size <= maxBytesAtOnce) {
      chunk.push(one)
      bytes += size
    } else {
      chunks.push([one])
      bytes = size
    }
  }
  return chunks
}

export async function valuesOf(kafka: Kafka, chunk: readonly ReturnableLetter[]): Promise<Map<string, StoredRecord>> {
  const wanted = new Map(chunk.map(({ letter }) => [`${letter.partition}/${letter.offset}`, letter.id]))
  const spans = new Map<number, { from: number; to: number }>()
  for (const { letter } of chunk) {
    const { from, to } = spans.get(letter.partition) ?? { from: letter.offset, to: letter.offset + 1 }
    spans.set(letter.partition, { from: Math.min(from, letter.offset), to: Math.max(to, letter.offset + 1) })
  }
  const found = new Map<string, StoredRecord>()
  await readRanges(kafka, chunk[0]?.letter.topic ?? '', spans, (records) => {
    for (const record of records) {
      const id = wanted.get(`${record.partition}/${record.offset}`)
      if (id !== undefined) found.set(id, record)
    }
  })
  return found
}

const sendTo = async (
  producer: Producer,
  some: readonly ReturnableLetter[],
  records: ProducerRecord[],
): Promise<void> => {
  await producer.send(some[0]?.to.topic ?? '', records, { compress: true })
}

/** Sends all letters at once. If Kafka rejects that, sends letter by letter, until it has rejected three in a row. */
async function sendAllOrEach(
  all: ReturnableLetter[],
  send: (some: ReturnableLetter[]) => Promise<void>,
): Promise<{ sent: ReturnableLetter[]; failed: SkippedDeadLetter[] }> {
  try {
    if (all.length > 0) await send(all)
    return { sent: all, failed: [] }
  } catch (error) {
    if (!isNotTaken(error)) throw error
  }
  const sent: ReturnableLetter[] = []
  const failed: SkippedDeadLetter[] = []
  let inARow = 0
  for (const one of all) {
    if (inARow === maxFailuresInARow) {
      failed.push({ letter: one.letter, why: { kind: 'not-tried' } })
      continue
    }
    try {
      await send([one])
      sent.push(one)
      inARow = 0
    } catch (error) {
      if (!isNotTaken(error)) throw error
      failed.push({ letter: one.letter, why: { kind: 'not-taken', message: error.message } })
      inARow++
    }
  }
  return { sent, failed }
}

const isNotTaken = (error: unknown): error is Error => error instanceof TransientError || error instanceof RefusedSend
