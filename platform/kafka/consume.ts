// The consume loop, and the only code that commits offsets. Steps: ask `admit` how many messages may be handled ->
// decode -> handle -> send outputs and dead letters, wait for the acknowledgements -> commit -> onCommitted.
import type { Consumer, EachBatchPayload, Kafka, KafkaMessage } from 'kafkajs'
import type { Logger } from '../process/log.ts'
import { moment } from '../process/moments.ts'
import { TransientError } from '../process/transient-error.ts'
import { tracesOf, withTrace } from '../tracing/trace.ts'
import { startOffsets } from './consumer-lag.ts'
import {
  type Assigned,
  type BatchShape,
  createGroupMember,
  type GroupMember,
  whileHeartbeating,
} from './group-member.ts'
import type { Turn } from './member-in-turn.ts'
import {
  createPartitionPauses,
  createStallTracker,
  type PartitionPauses,
  type StallTracker,
} from './partition-pauses.ts'
import { outputsByTopic, processBatch, type Subscription, splitBatch } from './process-batch.ts'
import type { Producer } from './produce.ts'
import type { Decoder, Registry } from './registry.ts'
import { TooLargeRecord } from './send-errors.ts'
import type { Verdict } from './verdict.ts'

export interface BatchMeasure {
  topic: string
  partition: number
  records: number
  verdicts: Verdict[]
  durationMs: number
  lag: number
  /** The committed offset, which is the offset of the next record to read. */
  nextOffset: number
}

export interface ConsumeOptions {
  kafka: Kafka
  groupId: string
  service: { name: string; version: string }
  subscriptions: Subscription[]
  shape: BatchShape
  /** Where the group starts in a partition of which it has committed nothing. `newest`: at records written from now on. */
  from?: 'beginning' | 'newest'
  /** One member gets all partitions. Default: the members share them. */
  turn?: Turn
  /** Called whenever the group has assigned partitions anew. */
  onAssigned?: Assigned
  registry: Registry
  producer: Producer
  log: Logger
  /** The clock by which dead letters say when they were refused, ms UTC. Default: the machine's. */
  nowMs?: () => number
  onCommitted: (batch: BatchMeasure) => void
  /** Called when the process must exit 1: after a bug, a permanently refused send, or the end of the consumer. */
  crash: (error: Error) => void
}

export interface Consumption {
  /** Returns why the consumer is not ready: no group, no recent heartbeat, or a long stall. Undefined: ready. */
  notReady: () => string | undefined
  stop: () => Promise<void>
}

// How long a partition may wait for a dependency before the service is unready, ms. A restart of the store is shorter.
const tolerableWaitMs = 15_000
// Maximum bytes of messages that are handled at once. Compressed batches can be much larger than the fetch size.
const maxBytesAtOnce = 8 * 1024 * 1024

export async function consume(options: ConsumeOptions): Promise<Consumption> {
  const { kafka, log, shape, crash } = options
  const stalls = createStallTracker()
  const assigned: Assigned = (partitions, holds) => {
    stalls.assigned(partitions)
    options.onAssigned?.(partitions, holds)
  }
  const member = createGroupMember({ ...options, assigned })
  const { consumer } = member
  const loop: Loop = {
    consumer,
    options,
    subscriptions: readable(options),
    stalls,
    pauses: createPartitionPauses(stalls, log),
    stopping: false,
  }
  const batches = untilCrash((payload) => consumeBatch(loop, payload), crash)

  const topics = options.subscriptions.map(({ topic }) => topic)
  const begin = options.from === 'newest' ? await startOffsets(kafka, options.groupId, topics) : []
  await consumer.connect()
  await consumer.subscribe({ topics, fromBeginning: options.from !== 'newest' })
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: false,
    partitionsConsumedConcurrently: shape.concurrentPartitions,
    eachBatch: batches.eachBatch,
  })
  // Commit the start offsets, so that a rebalance before the first batch does not skip records.
  if (begin.length > 0) await consumer.commitOffsets(begin)
  for (const offset of begin) consumer.seek(offset)
  return {
    notReady: () => whyNotReady(member, stalls),
    stop: async () => {
      loop.stopping = true
      loop.pauses.stop()
      const disconnected = consumer.disconnect()
      batches.release()
      await disconnected
    },
  }
}

function whyNotReady(member: GroupMember, stalls: StallTracker): string | undefined {
  if (!member.isCurrent()) return 'not in its consumer group (yet, or no longer)'
  const longest = stalls.longest(Date.now())
  if (longest === undefined || longest.waitedMs < tolerableWaitMs) return undefined
  return `waiting for ${Math.round(longest.waitedMs / 1000)} s: ${longest.message}`
}

type EachBatch = (payload: EachBatchPayload) => Promise<void>

/** Wraps `eachBatch`. After an error that is not Kafka's, calls `crash`, and blocks all batches until `release`. */
function untilCrash(
  eachBatch: EachBatch,
  crash: (error: Error) => void,
): { eachBatch: EachBatch; release: () => void } {
  const released = Promise.withResolvers<void>()
  let crashed = false
  return {
    eachBatch: async (payload) => {
      if (crashed) return released.promise
      try {
        await eachBatch(payload)
      } catch (error) {
        if (isKafkaError(error)) throw error
        crashed = true
        crash(error as Error)
        await released.promise
      }
    },
    release: released.resolve,
  }
}

const isKafkaError = (error: unknown): boolean => error instanceof Error && error.name.startsWith('KafkaJS')

interface ReadableSubscription {
  subscription: Subscription
  decoder: Decoder | null
}

function readable({ subscriptions, registry }: ConsumeOptions): Map<string, ReadableSubscription> {
  return new Map(
    subscriptions.map((subscription) => {
      const decoder: Decoder | null = subscription.record && registry.decoder(subscription.record)
      return [subscription.topic, { subscription, decoder }]
    }),
  )
}

interface Loop {
  consumer: Consumer
  options: ConsumeOptions
  subscriptions: ReadonlyMap<string, ReadableSubscription>
  stalls: StallTracker
  pauses: PartitionPauses
  stopping: boolean
}

/** Handles a batch in parts. A TransientError pauses the partition. @throws all other errors */
async function consumeBatch(loop: Loop, payload: EachBatchPayload): Promise<void> {
  const { topic, partition, messages } = payload.batch
  const from = loop.subscriptions.get(topic)
  if (!from) throw new Error(`no subscription to ${topic}`)
  const { admit } = from.subscription
  const offsets = () => messages.map(({ offset }) => Number(offset))
  const admitted = admit ? await orRetryLater(loop, payload, () => admit(partition, offsets())) : messages.length
  if (admitted === undefined) return
  const parts = splitBatch(messages.slice(0, admitted), maxBytesAtOnce)
  for (const [index, part] of parts.entries()) {
    const isEnd = index === parts.length - 1 && admitted === messages.length
    const lastOffset = isEnd ? payload.batch.lastOffset() : part.at(-1)?.offset
    if (lastOffset === undefined) return
    const { from: traces, isRoot } = tracesOf(part)
    const consumed = withTrace(isRoot ? undefined : traces[0], () => {
      return consumePart(loop, payload, from, part, lastOffset)
    })
    if (!(await consumed)) return
  }
  if (admitted < messages.length) loop.pauses.hold(payload)
}

/** Handles a part of a batch. Returns true if committed. Otherwise the messages are redelivered. */
async function consumePart(
  loop: Loop,
  payload: EachBatchPayload,
  from: ReadableSubscription,
  messages: KafkaMessage[],
  lastOffset: string,
): Promise<boolean> {
  const { stalls, options } = loop
  const { batch, heartbeat } = payload
  const { topic, partition } = batch
  const startedMs = performance.now()
  const verdicts = await orRetryLater(loop, payload, () =>
    whileHeartbeating(heartbeat, () => processAndSend(options, from, partition, messages)),
  )
  if (verdicts === undefined || isOver(loop, payload)) return false
  stalls.end(batch)
  if (!(await commit(loop, payload, lastOffset))) return false
  moment('offset-committed', topic)
  const durationMs = performance.now() - startedMs
  const lag = Number(BigInt(batch.highWatermark) - BigInt(lastOffset) - 1n)
  const nextOffset = Number(lastOffset) + 1
  options.onCommitted({ topic, partition, records: messages.length, verdicts, durationMs, lag, nextOffset })
  await heartbeat()
  return true
}

/** Returns the result of `work`. On a TransientError returns undefined, and the batch is redelivered after a pause. */
async function orRetryLater<Result>(
  loop: Loop,
  payload: EachBatchPayload,
  work: () => Promise<Result>,
): Promise<Result | undefined> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof TransientError)) throw error
    if (!isOver(loop, payload)) loop.pauses.retryLater(payload, error)
    return undefined
  }
}

/** Returns true if the consumer is stopping or the partition was revoked. */
const isOver = ({ stopping }: Loop, { isRunning, isStale }: EachBatchPayload): boolean =>
  !isRunning() || isStale() || stopping

/** Commits the offset after `lastOffset`. Returns false if that fails, for example because the group rebalanced. */
async function commit({ consumer, options }: Loop, payload: EachBatchPayload, lastOffset: string): Promise<boolean> {
  const { topic, partition } = payload.batch
  const next = { topic, partition, offset: `${BigInt(lastOffset) + 1n}` }
  try {
    await consumer.commitOffsets([next])
  } catch (error) {
    options.log.warn({ err: error, ...next }, 'not committed')
    return false
  }
  payload.resolveOffset(lastOffset)
  return true
}

/** Returns one verdict per message, after all outputs and dead letters are acknowledged. */
async function processAndSend(
  { producer, service, nowMs = Date.now }: ConsumeOptions,
  { subscription, decoder }: ReadableSubscription,
  partition: number,
  messages: KafkaMessage[],
): Promise<Verdict[]> {
  const { topic, deadLetterTopic } = subscription
  for (;;) {
    const verdicts = await processBatch(subscription, decoder, partition, messages)
    const hasLetters = verdicts.some((verdict) => verdict.kind === 'dead' || verdict.deadParts)
    const check = await producer.sizeCheck(deadLetterTopic !== null && hasLetters ? [deadLetterTopic] : [])
    const sends = outputsByTopic({ topic, partition, deadLetterTopic }, messages, verdicts, service, nowMs(), check)
    let left = sends.size
    if (left > 0) moment('outputs-made', topic)
    try {
      for (const [to, records] of sends) {
        await producer.send(to, records, { compress: to === deadLetterTopic })
        moment(--left > 0 ? 'outputs-partly-acknowledged' : 'outputs-acknowledged', topic)
      }
      for (const verdict of verdicts) if (verdict.kind === 'ok') verdict.sending?.end()
    } catch (error) {
      for (const verdict of verdicts) if (verdict.kind === 'ok') verdict.sending?.end(`${error}`)
      // Process the batch again: now the size check refuses the record that is too large.
      if (error instanceof TooLargeRecord && error.isUnexpected) continue
      throw error
    }
    for (const verdict of verdicts) if (verdict.kind === 'ok') verdict.onAcknowledged?.()
    return verdicts
  }
}
