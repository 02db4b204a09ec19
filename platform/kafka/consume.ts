// The loop that must not lie. The only place that commits offsets:
// decode -> handle -> publish outputs and dead letters (acknowledged) -> resolve -> commit -> measure.
import type { Consumer, EachBatchPayload, Kafka, KafkaMessage, TopicPartitionOffset } from 'kafkajs'
import type { Logger } from '../process/log.ts'
import { TransientError } from '../process/transient-error.ts'
import { highWatermarks } from './consumer-lag.ts'
import { whileHeartbeating } from './heartbeat.ts'
import { outputsByTopic, processBatch, type Subscription } from './process-batch.ts'
import type { Producer } from './produce.ts'
import type { Decoder, Registry } from './registry.ts'
import { TooLargeRecord } from './send-errors.ts'
import { splitBatch } from './split-batch.ts'
import { createRest, createStallTracker, type StallTracker } from './stall-tracker.ts'
import type { Verdict } from './verdict.ts'

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
  subscriptions: Subscription[]
  shape: BatchShape
  /** Where a new group begins: at the beginning unless it is said; newest: with what is written from this call on. */
  from?: 'beginning' | 'newest'
  registry: Registry
  producer: Producer
  log: Logger
  measure: (batch: BatchMeasure) => void
  /**
   * Called with an error that is a bug of ours, that Kafka will never take what is to be sent, or that leaves the consumer
   * dead: the process must exit 1. The consumer stands still until it is stopped.
   */
  crash: (error: Error) => void
}

export interface Consumption {
  /** Why it does not consume: not in its group, not heard of lately, or waiting for an unavailable dependency; undefined when it does. */
  notReady: () => string | undefined
  stop: () => Promise<void>
}

// A member that was killed holds its partitions for so long. Work heartbeats every 2 s, however long it takes.
const sessionTimeoutMs = 10_000
// A store that restarts is no reason to call its sink ill.
const tolerableWaitMs = 15_000
// What is handled at once. A batch is that or less, unless it came compressed.
const maxBytesAtOnce = 8 * 1024 * 1024

/** Consumes the subscriptions as one group until stopped. */
export async function consume(options: ConsumeOptions): Promise<Consumption> {
  const { kafka, groupId, shape } = options
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
  const waits = createStallTracker()
  const membership = followMembership(consumer, waits, options)
  const handler = batchHandler(consumer, waits, options)
  let crashed = false
  const stopped = Promise.withResolvers<void>()

  const topics = options.subscriptions.map(({ topic }) => topic)
  const begin = options.from === 'newest' ? await newestOf(kafka, topics) : []
  await consumer.connect()
  await consumer.subscribe({ topics, fromBeginning: options.from !== 'newest' })
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: false,
    partitionsConsumedConcurrently: shape.concurrentPartitions,
    eachBatch: async (payload) => {
      if (crashed) return stopped.promise
      try {
        await handler.eachBatch(payload)
      } catch (error) {
        if (isKafkaError(error)) throw error
        // The consumer stands still until it is stopped: it neither goes on behind the batch nor tries it again.
        crashed = true
        options.crash(error as Error)
        await stopped.promise
      }
    },
  })
  // Committed, so that a rebalance before the first batch passes over nothing.
  if (begin.length > 0) await consumer.commitOffsets(begin)
  for (const offset of begin) consumer.seek(offset)
  return {
    notReady: () => {
      if (!membership.isCurrent()) return 'not in its consumer group (yet, or no longer)'
      const longest = waits.longest(Date.now())
      if (longest === undefined || longest.waitedMs < tolerableWaitMs) return undefined
      return `waiting for ${Math.round(longest.waitedMs / 1000)} s: ${longest.message}`
    },
    stop: async () => {
      handler.stop()
      const disconnected = consumer.disconnect()
      stopped.resolve()
      await disconnected
    },
  }
}

/** Follows whether the consumer is in its group, and which partitions are its. */
function followMembership(
  consumer: Consumer,
  waits: StallTracker,
  { log, crash }: ConsumeOptions,
): { isCurrent: () => boolean } {
  let joined = false
  let heardOfAtMs = 0
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
    else crash(payload.error)
  })
  return { isCurrent: () => joined && Date.now() - heardOfAtMs <= sessionTimeoutMs }
}

interface BatchHandler {
  /** Handles a batch part by part. Throws what is not an unavailable dependency. */
  eachBatch: (payload: EachBatchPayload) => Promise<void>
  /** Commits nothing from now on. */
  stop: () => void
}

function batchHandler(consumer: Consumer, waits: StallTracker, options: ConsumeOptions): BatchHandler {
  const { log } = options
  const subscribed = new Map(
    options.subscriptions.map((subscription) => {
      const decoder = options.registry.decoder(subscription.record)
      return [subscription.topic, { subscription, decoder }]
    }),
  )
  const rest = createRest(waits, log)
  let stopping = false

  /** Whether it was committed: else whoever has the partition does it again. */
  const eachPart = async (payload: EachBatchPayload, messages: KafkaMessage[], offset: string): Promise<boolean> => {
    const { batch, resolveOffset, isRunning, isStale } = payload
    const { topic, partition } = batch
    const own = subscribed.get(topic)
    if (!own) throw new Error(`no subscription to ${topic}`)
    const isOver = (): boolean => !isRunning() || isStale() || stopping
    const startedMs = performance.now()
    let verdicts: Verdict[]
    try {
      verdicts = await whileHeartbeating(payload.heartbeat, () => settleAndSend(options, own, partition, messages))
    } catch (error) {
      if (!(error instanceof TransientError)) throw error
      if (!isOver()) rest.putOff(payload, error)
      return false
    }
    if (isOver()) return false

    waits.end(batch)
    const committed = [{ topic, partition, offset: `${BigInt(offset) + 1n}` }]
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
    const nextOffset = Number(offset) + 1
    options.measure({ topic, partition, records: messages.length, verdicts, durationMs, lag, nextOffset })
    await payload.heartbeat()
    return true
  }

  /** How many messages of a batch may be handled now; undefined where that cannot be told. */
  const admit = async (payload: EachBatchPayload): Promise<number | undefined> => {
    const { topic, partition, messages } = payload.batch
    const own = subscribed.get(topic)?.subscription.admit
    if (own === undefined) return messages.length
    try {
      return await own(
        partition,
        messages.map(({ offset }) => Number(offset)),
      )
    } catch (error) {
      if (!(error instanceof TransientError)) throw error
      if (!stopping) rest.putOff(payload, error)
      return undefined
    }
  }

  return {
    eachBatch: async (payload) => {
      const { messages: all } = payload.batch
      const admitted = await admit(payload)
      if (admitted === undefined) return
      const parts = splitBatch(all.slice(0, admitted), maxBytesAtOnce)
      for (const [index, messages] of parts.entries()) {
        const isEnd = index === parts.length - 1 && admitted === all.length
        const offset = isEnd ? payload.batch.lastOffset() : messages.at(-1)?.offset
        if (offset === undefined || !(await eachPart(payload, messages, offset))) return
      }
      if (admitted < all.length) rest.hold(payload)
    },
    stop: () => {
      stopping = true
      rest.stop()
    },
  }
}

/** Judges messages of a partition; returns the verdicts when all that they ask for is acknowledged. */
async function settleAndSend(
  { producer, service }: ConsumeOptions,
  { subscription, decoder }: { subscription: Subscription; decoder: Decoder },
  partition: number,
  messages: KafkaMessage[],
): Promise<Verdict[]> {
  const { topic, deadLetterTopic } = subscription
  for (;;) {
    const verdicts = await processBatch(subscription, decoder, partition, messages)
    const hasLetters = verdicts.some((verdict) => verdict.kind === 'dead' || verdict.deadParts)
    const check = await producer.sizeCheck(deadLetterTopic !== null && hasLetters ? [deadLetterTopic] : [])
    const sends = outputsByTopic({ topic, partition, deadLetterTopic }, messages, verdicts, service, Date.now(), check)
    try {
      for (const [to, records] of sends) await producer.send(to, records, { compress: to === deadLetterTopic })
    } catch (error) {
      // Whoever judges the batch again finds the record that is too large.
      if (error instanceof TooLargeRecord && error.isNews) continue
      throw error
    }
    for (const verdict of verdicts) if (verdict.kind === 'ok') verdict.acknowledged?.()
    return verdicts
  }
}

async function newestOf(kafka: Kafka, topics: string[]): Promise<TopicPartitionOffset[]> {
  const ends = await Promise.all(topics.map(async (topic) => ({ topic, ends: await highWatermarks(kafka, topic) })))
  return ends.flatMap(({ topic, ends }) =>
    [...ends].map(([partition, offset]) => ({ topic, partition, offset: String(offset) })),
  )
}

const isKafkaError = (error: unknown): boolean => error instanceof Error && error.name.startsWith('KafkaJS')
