// Runs today's explode over stored raw records. Uses a consumer group of its own, so that it can be resumed.

import { datasetsByName } from '#core/datasets.ts'
import { answerEncoder, type EncodedAnswer, type SourceOutputs } from '#core/encode-answer.ts'
import { explodeRaw } from '#core/explode-raw.ts'
import { topicsOfOutputs } from '#core/source-outputs.ts'
import type { Kafka } from '#platform/kafka/client.ts'
import { consume } from '#platform/kafka/consume.ts'
import { nextOffsets } from '#platform/kafka/consumer-lag.ts'
import type { ConsumedRecord } from '#platform/kafka/process-batch.ts'
import type { Producer } from '#platform/kafka/produce.ts'
import { offsetRange } from '#platform/kafka/read-range.ts'
import type { Registry } from '#platform/kafka/registry.ts'
import { type Output, ok, type Verdict } from '#platform/kafka/verdict.ts'
import { createLogger } from '#platform/process/log.ts'
import { slowNotice } from '#platform/process/slow-notice.ts'
import { version } from '#platform/process/version.ts'
import { startSpan, tracesOf } from '#platform/tracing/trace.ts'
import { type Span, traceHeaders } from '#platform/tracing/trace-context.ts'
import { type RawResponse, type RawSpan, rawResponseSchema } from '#schemas/generated/records.ts'
import { isInScope, type WindowRange } from './raw-span.ts'

export interface SpanParts {
  kafka: Kafka
  registry: Registry
  producer: Producer
}

export interface SpanJob {
  groupId: string
  spans: RawSpan[]
  outputs: SourceOutputs
  /** Id of the replay that publishes the records; it is in their header `replay`. */
  replay?: string
  dataset: string | null
  windows: WindowRange
  /** Deletion bound, ms UTC: answers of windows that end at or before it are skipped. */
  deletedBefore?: number
  /**
   * Returns the records to publish for a batch of answers. Must be idempotent: it is called again after a
   * TransientError.
   */
  toOutputs: (answers: ReadAnswer[]) => Promise<Output[]>
  /** Gets the answers of a batch after their outputs are acknowledged and their offsets are committed. */
  onCommitted?: (answers: ReadAnswer[]) => void
  /** Maximum compressed size of a batch, bytes; default 1 MiB, about 100 answers. */
  bytesABatch?: number
  onProgress: (done: number) => void
  say?: ((text: string) => void) | undefined
}

export interface ReadAnswer {
  dataset: string
  partition: number
  offset: number
  read: EncodedAnswer
}

const bytesABatch = 1024 * 1024
const lookEveryMs = 1_000

/**
 * Explodes the raw records of the spans, and returns when their offsets are committed. Refuses what the normalizer
 * refuses.
 * @throws errors that a retry cannot fix: a bug, a store that rejects every row, a topic without write permission
 */
export async function explodeSpan(parts: SpanParts, job: SpanJob): Promise<void> {
  const topic = job.spans[0]?.topic
  if (topic === undefined) return
  const progress = await progressOf(parts.kafka, topic, job)
  job.onProgress(progress.done())
  if (progress.isDone()) return
  const { handle, committed } = answersHandler(parts, job)

  const finished = Promise.withResolvers<void>()
  finished.promise.catch(() => undefined)
  const consumption = await consume({
    kafka: parts.kafka,
    groupId: job.groupId,
    service: { name: 'history', version },
    // Writes no dead letters: the normalizer wrote one for each undecodable record when it first read the record.
    subscriptions: [{ topic, record: rawResponseSchema, deadLetterTopic: null, handle }],
    shape: {
      minBytes: 1,
      maxWaitMs: 100,
      maxBytesPerPartition: job.bytesABatch ?? bytesABatch,
      concurrentPartitions: 2,
    },
    registry: parts.registry,
    producer: parts.producer,
    log: createLogger('history', process.env.LOG_LEVEL ?? 'silent'),
    onCommitted: ({ partition, nextOffset }) => {
      committed(partition)
      progress.next.set(partition, nextOffset)
      job.onProgress(progress.done())
      if (progress.isDone()) finished.resolve()
    },
    crash: finished.reject,
  })
  const waits = slowNotice(job.say ?? (() => undefined))
  const watch = setInterval(() => {
    const why = consumption.notReady()
    if (why !== undefined) waits(why)
  }, lookEveryMs)
  try {
    await finished.promise
  } finally {
    clearInterval(watch)
    await consumption.stop()
  }
}

async function progressOf(kafka: Kafka, topic: string, { groupId, spans }: SpanJob) {
  const next = await nextOffsets(kafka, groupId, topic)
  // Records that retention has deleted are never read, so they count as done.
  for (const [partition, { from }] of await offsetRange(kafka, topic)) {
    next.set(partition, Math.max(next.get(partition) ?? 0, from))
  }
  const nextOf = ({ partition, from }: RawSpan): number => next.get(partition) ?? from
  return {
    next,
    done: (): number => spans.reduce((sum, span) => sum + Math.max(0, Math.min(nextOf(span), span.to) - span.from), 0),
    isDone: (): boolean => spans.every((span) => span.from >= span.to || nextOf(span) >= span.to),
  }
}

/**
 * Starts the span of a batch. It begins a trace of its own, because a replay may read a year of answers. It is linked to
 * the traces of the polls that brought them.
 */
function replaySpan(replay: string, batch: readonly ConsumedRecord<RawResponse>[]): Span {
  const attributes = { 'tidemark.replay': replay, 'messaging.batch.message_count': batch.length }
  const { from } = tracesOf(batch)
  return startSpan('replay', { kind: 'consumer', from, isRoot: true, mayBeSampled: true, attributes })
}

/** Returns the handler of batches, and `committed`, which gives a partition's newest batch to `job.onCommitted`. */
function answersHandler({ producer }: SpanParts, job: SpanJob) {
  const ends = new Map(job.spans.map(({ partition, to }) => [partition, to]))
  const datasets = new Map([...datasetsByName].map(([name, { dataset }]) => [name, dataset]))
  const encoder = answerEncoder(job.outputs)
  const outputTopics = topicsOfOutputs(job.outputs)
  const underWay = new Map<number, ReadAnswer[]>()

  const handle = async (batch: ConsumedRecord<RawResponse>[]): Promise<Verdict[]> => {
    const batchEncoder = encoder.batch(await producer.sizeCheck(outputTopics))
    const inScope = batch.filter(({ record, partition, offset }) => {
      const isDeleted = record.windowEnd <= (job.deletedBefore ?? 0)
      return Number(offset) < (ends.get(partition) ?? 0) && !isDeleted && isInScope(record, job.dataset, job.windows)
    })
    const sending = job.replay === undefined || inScope.length === 0 ? undefined : replaySpan(job.replay, inScope)
    const trace = sending?.context?.isSampled ? traceHeaders(sending.context) : {}
    const headers = job.replay === undefined ? undefined : { replay: job.replay, ...trace }
    const answers = inScope.map((raw) => ({
      dataset: raw.record.dataset,
      partition: raw.partition,
      offset: Number(raw.offset),
      read: batchEncoder.encode(explodeRaw(raw, datasets), headers),
    }))
    const outputs = answers.length > 0 ? await job.toOutputs(answers) : []
    const acknowledged = (): void => {
      for (const { read } of answers) if ('onAcknowledged' in read) read.onAcknowledged()
    }
    const after = { onAcknowledged: acknowledged, ...(sending && { sending }) }
    underWay.set(batch[0]?.partition ?? 0, answers)
    // The verdict of the first record has the outputs of the whole batch. They are sent before any offset is committed.
    return batch.map((_, index) => (index === 0 ? ok(outputs, undefined, after) : ok()))
  }
  const committed = (partition: number): void => {
    job.onCommitted?.(underWay.get(partition) ?? [])
    underWay.delete(partition)
  }
  return { handle, committed }
}
