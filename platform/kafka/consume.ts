// The loop that must not lie. The only place that commits offsets:
// decode -> handle -> publish outputs and dead letters (acknowledged) -> resolve -> commit -> measure.
import type { EachBatchPayload, Kafka, KafkaMessage, TopicPartitionOffset } from 'kafkajs'
import type { RecordName } from '#schemas/generated/records.ts'
import type { Logger } from '../process/log.ts'
import { type Backoff, backoffMs, pause } from '../process/retry.ts'
import { Unwell } from '../process/unwell.ts'
import { whileHeartbeating } from './heartbeat.ts'
import { partsOf } from './parts.ts'
import type { Producer } from './produce.ts'
import { endsOf } from './progress.ts'
import type { Decoder, Registry } from './registry.ts'
import { type AnySubscription, settle, toSend } from './settle.ts'
import type { Verdict } from './verdict.ts'
import { createWaits } from './waits.ts'

/** How much a batch holds: not returning is the back-pressure, there is no buffer behind it. */
export interface BatchShape {
  minBytes: number
  maxWaitMs: number
  maxBytesPerPartition: number
  concurrentPartitions: number
}

export interface BatchMeasure {
  topic: string
  partition: number
  records: number
  verdicts: Verdict[]
  durationMs: number
  lag: number
  /** Committed: the offset that is read next. */
  nextOffset: number
}

export interface ConsumeOptions {
  kafka: Kafka
  groupId: string
  service: { name: string; version: string }
  subscriptions: AnySubscription[]
  shape: BatchShape
  /** Where a new group begins: at the beginning unless it is said; newest: with what is written from this call on. */
  from?: 'beginning' | 'newest'
  registry: Registry
  producer: Producer
  log: Logger
  measure: (batch: BatchMeasure) => void
  /** Called once with an error that is a bug of ours or leaves the consumer dead: the process must exit 1. */
  crash: (error: Error) => void
}

export interface Consumption {
  /** Why it does not consume: not in its group, not heard of lately, or waiting for an unwell world; undefined when it does. */
  notReady: () => string | undefined
  stop: () => Promise<void>
}

// A member that was killed holds its partitions for so long. Work heartbeats every 2 s, however long it takes.
const sessionTimeoutMs = 10_000
// A store that restarts is no reason to call its sink ill.
const tolerableWaitMs = 15_000
// What is handled at once. A batch is that or less, unless it came compressed.
const mostBytesAtOnce = 8 * 1024 * 1024
const retryBackoff: Backoff = { firstMs: 200, longestMs: 5_000 }

/** Consumes the subscriptions as one group until stopped. */
export async function consume(options: ConsumeOptions): Promise<Consumption> {
  const { kafka, groupId, shape, log } = options
  const consumer = kafka.consumer({
    groupId,
    sessionTimeout: sessionTimeoutMs,
    heartbeatInterval: 3_000,
    rebalanceTimeout: 60_000,
    minBytes: shape.minBytes,
    maxWaitTimeInMs: shape.maxWaitMs,
    maxBytesPerPartition: shape.maxBytesPerPartition,
    maxBytes: shape.maxBytesPerPartition * 8,
    allowAutoTopicCreation: false,
  })
  let joined = false
  let heardOfAtMs = 0
  let stopping = false
  const waits = createWaits()
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    joined = true
    heardOfAtMs = Date.now()
    waits.assigned(payload.memberAssignment)
  })
  consumer.on(consumer.events.HEARTBEAT, () => {
    heardOfAtMs = Date.now()
  })
  consumer.on(consumer.events.REBALANCING, () => {
    joined = false
  })
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    joined = false
    if (payload.restart) log.warn({ err: payload.error }, 'consumer crashed and starts again')
    else options.crash(payload.error)
  })

  const subscriptions = new Map(options.subscriptions.map((subscription) => [subscription.topic, subscription]))
  const decoders = new Map<string, Decoder<RecordName>>()
  for (const { topic, record } of options.subscriptions) decoders.set(topic, options.registry.decoder(record))

  const eachBatch = async (payload: EachBatchPayload): Promise<void> => {
    const parts = partsOf(payload.batch.messages, mostBytesAtOnce)
    for (const [index, messages] of parts.entries()) {
      const offset = index === parts.length - 1 ? payload.batch.lastOffset() : messages.at(-1)?.offset
      if (offset === undefined || !(await eachPart(payload, messages, offset))) return
    }
  }

  /** Whether it was committed: else whoever has the partition does it again. */
  const eachPart = async (payload: EachBatchPayload, messages: KafkaMessage[], offset: string): Promise<boolean> => {
    const { batch, resolveOffset, isRunning, isStale } = payload
    const subscription = subscriptions.get(batch.topic)
    const decoder = decoders.get(batch.topic)
    if (!subscription || !decoder) throw new Error(`no subscription to ${batch.topic}`)
    const startedMs = performance.now()

    let verdicts: Verdict[] | undefined
    for (let attempt = 1; verdicts === undefined; attempt++) {
      try {
        verdicts = await whileHeartbeating(payload.heartbeat, async () => {
          const settled = await settle(subscription, decoder, batch.partition, messages)
          const source = {
            topic: batch.topic,
            partition: batch.partition,
            deadLetterTopic: subscription.deadLetterTopic,
          }
          const sends = toSend(source, messages, settled, options.service, Date.now())
          for (const [topic, records] of sends) {
            await options.producer.send(topic, records, { compress: topic === subscription.deadLetterTopic })
          }
          return settled
        })
      } catch (error) {
        if (!(error instanceof Unwell)) throw error
        waits.wait(batch, error.message, Date.now())
        const waitMs = backoffMs(retryBackoff, attempt)
        log.warn(
          { err: error, topic: batch.topic, partition: batch.partition, attempt, waitMs },
          'waiting to try again',
        )
        await whileHeartbeating(payload.heartbeat, () => pause(waitMs))
      }
      if (!isRunning() || isStale() || stopping) return false
    }

    waits.end(batch)
    const committed = [{ topic: batch.topic, partition: batch.partition, offset: `${BigInt(offset) + 1n}` }]
    try {
      await consumer.commitOffsets(committed)
    } catch (error) {
      // The group went on without us, or its coordinator is away: whoever has the partition does the batch again.
      log.warn({ err: error, ...committed[0] }, 'not committed')
      return false
    }
    resolveOffset(offset)
    const durationMs = performance.now() - startedMs
    const lag = Number(BigInt(batch.highWatermark) - BigInt(offset) - 1n)
    const records = messages.length
    const nextOffset = Number(offset) + 1
    options.measure({ topic: batch.topic, partition: batch.partition, records, verdicts, durationMs, lag, nextOffset })
    await payload.heartbeat()
    return true
  }

  const topics = [...subscriptions.keys()]
  const begin = options.from === 'newest' ? await newestOf(kafka, topics) : []
  await consumer.connect()
  await consumer.subscribe({ topics, fromBeginning: options.from !== 'newest' })
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: false,
    partitionsConsumedConcurrently: shape.concurrentPartitions,
    eachBatch: async (payload) => {
      try {
        await eachBatch(payload)
      } catch (error) {
        if (isKafkaError(error)) throw error
        options.crash(error as Error)
        await new Promise(() => {})
      }
    },
  })
  // Committed, so that a rebalance before the first batch passes over nothing.
  if (begin.length > 0) await consumer.commitOffsets(begin)
  for (const offset of begin) consumer.seek(offset)
  return {
    notReady: () => {
      if (!joined || Date.now() - heardOfAtMs > sessionTimeoutMs) return 'not in its consumer group (yet, or no longer)'
      const longest = waits.longest(Date.now())
      if (longest === undefined || longest.waitedMs < tolerableWaitMs) return undefined
      return `waiting for ${Math.round(longest.waitedMs / 1000)} s: ${longest.message}`
    },
    stop: async () => {
      stopping = true
      await consumer.disconnect()
    },
  }
}

async function newestOf(kafka: Kafka, topics: string[]): Promise<TopicPartitionOffset[]> {
  const ends = await Promise.all(topics.map(async (topic) => ({ topic, ends: await endsOf(kafka, topic) })))
  return ends.flatMap(({ topic, ends }) =>
    [...ends].map(([partition, offset]) => ({ topic, partition, offset: String(offset) })),
  )
}

const isKafkaError = (error: unknown): boolean => error instanceof Error && error.name.startsWith('KafkaJS')
