// Runs today's explode over stored raw: a consumer group of its own, so that it can be interrupted and resumed.
import type { Kafka } from '#platform/kafka/client.ts'
import { consume } from '#platform/kafka/consume.ts'
import type { Producer } from '#platform/kafka/produce.ts'
import { nextOffsets } from '#platform/kafka/progress.ts'
import { spanOf } from '#platform/kafka/read-span.ts'
import type { Registry } from '#platform/kafka/registry.ts'
import type { Incoming } from '#platform/kafka/settle.ts'
import { type Output, ok } from '#platform/kafka/verdict.ts'
import { createLogger } from '#platform/process/log.ts'
import { version } from '#platform/process/version.ts'
import type { RawSpan } from '#schemas/generated/records.ts'
import { datasetsByName } from '#transform/datasets.ts'
import { type Exploded, explodeRaw } from '#transform/explode-raw.ts'
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
  /** null: every declared dataset. */
  dataset: string | null
  windows: WindowRange
  /** Answers of windows that end at or before this instant, ms UTC, are passed over: they were deleted. */
  deletedBefore?: number
  /**
   * Takes what became of one batch of answers, and gives what is to be sent. Called again with the same answers after a
   * failure: must be safe to repeat. Throws Unwell to be called again.
   */
  take: (answers: ExplodedAnswer[]) => Promise<Output[]>
  /** Compressed bytes a batch; default: a mebibyte, some 100 answers. */
  bytesABatch?: number
  /** Told after each batch: raw records that are done, of all in the spans. */
  progress: (done: number) => void
}

/** An answer and what today's explode makes of it. */
export interface ExplodedAnswer {
  dataset: string
  partition: number
  offset: number
  exploded: Exploded
}

const bytesABatch = 1024 * 1024

/** Returns when all of the spans is done and committed. Records of other datasets and windows are passed over. */
export async function explodeSpan(parts: SpanParts, job: SpanJob): Promise<void> {
  const topic = job.spans[0]?.topic
  if (topic === undefined) return
  const ends = new Map(job.spans.map(({ partition, to }) => [partition, to]))
  const next = await nextOffsets(parts.kafka, job.groupId, topic)
  // A partition whose records retention has deleted gives no batch that would say so.
  for (const [partition, { from }] of await spanOf(parts.kafka, topic)) {
    next.set(partition, Math.max(next.get(partition) ?? 0, from))
  }
  const done = (): number =>
    job.spans.reduce((sum, { partition, from, to }) => {
      return sum + Math.max(0, Math.min(next.get(partition) ?? from, to) - from)
    }, 0)
  const isDone = (): boolean =>
    job.spans.every(({ partition, from, to }) => from >= to || (next.get(partition) ?? from) >= to)
  job.progress(done())
  if (isDone()) return
  const datasets = new Map([...datasetsByName].map(([name, { dataset }]) => [name, dataset]))

  const handle = async (batch: Incoming<'RawResponse'>[]) => {
    const answers = batch
      .filter(({ record, partition, offset }) => {
        const isDeleted = record.windowEnd <= (job.deletedBefore ?? 0)
        return Number(offset) < (ends.get(partition) ?? 0) && !isDeleted && isWanted(record, job.dataset, job.windows)
      })
      .map((raw) => ({
        dataset: raw.record.dataset,
        partition: raw.partition,
        offset: Number(raw.offset),
        exploded: explodeRaw(raw, datasets),
      }))
    const outputs = answers.length > 0 ? await job.take(answers) : []
    // The outputs of a batch leave with its first message: they are sent together before anything is committed.
    return batch.map((_, index) => ok(index === 0 ? outputs : undefined))
  }

  const finished = Promise.withResolvers<void>()
  // Whoever waits for it comes later.
  finished.promise.catch(() => undefined)
  const consumption = await consume({
    kafka: parts.kafka,
    groupId: job.groupId,
    service: { name: 'history', version },
    // What cannot be decoded was refused when it was first read.
    subscriptions: [{ topic, record: 'RawResponse', deadLetterTopic: null, handle }],
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
      next.set(partition, nextOffset)
      job.progress(done())
      if (isDone()) finished.resolve()
    },
    crash: finished.reject,
  })
  try {
    await finished.promise
  } finally {
    await consumption.stop()
  }
}
