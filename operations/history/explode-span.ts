// Runs today's explode over stored raw: a consumer group of its own, so that it can be interrupted and resumed.

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
import { type RawResponse, type RawSpan, rawResponseSchema } from '#schemas/generated/records.ts'
import { isWanted, type WindowRange } from './raw-span.ts'

export interface SpanParts {
  kafka: Kafka
  registry: Registry
  producer: Producer
}

/** What to read of a source, and how. */
export interface SpanJob {
  groupId: string
  /** All of one topic. */
  spans: RawSpan[]
  /** Of the topic's source. */
  outputs: SourceOutputs
  /** Headers of what is sent. */
  headers?: Record<string, string>
  /** null: every declared dataset. */
  dataset: string | null
  windows: WindowRange
  /** Answers of windows that end at or before this instant, ms UTC, are passed over: they were deleted. */
  deletedBefore?: number
  /**
   * Takes what became of one batch of answers, and gives what is to be sent. Called again with the same answers after a
   * failure: must be safe to repeat. Throws TransientError to be called again.
   */
  take: (answers: ReadAnswer[]) => Promise<Output[]>
  /** Told of each answer once, when what was to be sent of it is acknowledged and committed. */
  done?: (answers: ReadAnswer[]) => void
  /** Compressed bytes a batch; default: a mebibyte, some 100 answers. */
  bytesABatch?: number
  /** Told after each batch: raw records that are done, of all in the spans. */
  progress: (done: number) => void
  /** Told what it waits for, when that takes long. */
  say?: ((text: string) => void) | undefined
}

/** An answer and what today's release makes of it. */
export interface ReadAnswer {
  dataset: string
  partition: number
  offset: number
  read: EncodedAnswer
}

const bytesABatch = 1024 * 1024
const lookEveryMs = 1_000

/**
 * Returns when all of the spans is done and committed. Records of other datasets and windows are passed over. What the
 * normalizer refuses is refused here, too.
 * @throws what makes going on useless: a bug, a store that refuses every row, a topic that we may not write to
 */
export async function explodeSpan(parts: SpanParts, job: SpanJob): Promise<void> {
  const topic = job.spans[0]?.topic
  if (topic === undefined) return
  const progress = await progressOf(parts.kafka, topic, job)
  job.progress(progress.done())
  if (progress.isDone()) return
  const { handle, committed } = answersHandler(parts, job)

  const finished = Promise.withResolvers<void>()
  // Whoever waits for it comes later.
  finished.promise.catch(() => undefined)
  const consumption = await consume({
    kafka: parts.kafka,
    groupId: job.groupId,
    service: { name: 'history', version },
    // What cannot be decoded was refused when it was first read.
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
    measure: ({ partition, nextOffset }) => {
      committed(partition)
      progress.next.set(partition, nextOffset)
      job.progress(progress.done())
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

/** How far the spans are read: by partition the offset that is read next, and how many records are behind it. */
async function progressOf(kafka: Kafka, topic: string, { groupId, spans }: SpanJob) {
  const next = await nextOffsets(kafka, groupId, topic)
  // A partition whose records retention has deleted gives no batch that would say so.
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

/** Handles batches of raw; `committed` tells the job of the answers of a partition's last one. */
function answersHandler({ producer }: SpanParts, job: SpanJob) {
  const ends = new Map(job.spans.map(({ partition, to }) => [partition, to]))
  const datasets = new Map([...datasetsByName].map(([name, { dataset }]) => [name, dataset]))
  const encoder = answerEncoder(job.outputs, job.headers)
  const outputTopics = topicsOfOutputs(job.outputs)
  const underWay = new Map<number, ReadAnswer[]>()

  const handle = async (batch: ConsumedRecord<RawResponse>[]): Promise<Verdict[]> => {
    const batchEncoder = encoder.batch(await producer.sizeCheck(outputTopics))
    const answers = batch
      .filter(({ record, partition, offset }) => {
        const isDeleted = record.windowEnd <= (job.deletedBefore ?? 0)
        return Number(offset) < (ends.get(partition) ?? 0) && !isDeleted && isWanted(record, job.dataset, job.windows)
      })
      .map((raw) => ({
        dataset: raw.record.dataset,
        partition: raw.partition,
        offset: Number(raw.offset),
        read: batchEncoder.encode(explodeRaw(raw, datasets)),
      }))
    const outputs = answers.length > 0 ? await job.take(answers) : []
    const acknowledged = (): void => {
      for (const { read } of answers) if ('acknowledged' in read) read.acknowledged()
    }
    underWay.set(batch[0]?.partition ?? 0, answers)
    // The outputs of a batch leave with its first message: they are sent together before anything is committed.
    return batch.map((_, index) => (index === 0 ? ok(outputs, undefined, acknowledged) : ok()))
  }
  const committed = (partition: number): void => {
    job.done?.(underWay.get(partition) ?? [])
    underWay.delete(partition)
  }
  return { handle, committed }
}
