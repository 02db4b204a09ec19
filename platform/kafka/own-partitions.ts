// Consumer group membership as a lock. A process owns a partition once it is assigned to it and has caught up. Offsets
// are never committed, so every assignment reads its partitions from the beginning.
import type { Admin, Consumer, EachBatchPayload, Kafka } from 'kafkajs'
import type { Logger } from '../process/log.ts'
import { monotonicMs } from '../process/monotonic-clock.ts'
import { pause } from '../process/retry.ts'
import { TransientError } from '../process/transient-error.ts'
import { coPartitionedAssigner } from './assigner.ts'
import { membershipRequests } from './membership-requests.ts'
import { createOwnership, type Ownership } from './ownership.ts'

/** The right to work on partition `partition` of all topics, until the group takes it away or heartbeats fail. */
export interface Lease {
  partition: number
  assigned: readonly number[]
  /** Aborts when the lease ends. */
  signal: AbortSignal
  /** Returns true while the lease is held. Check before every write. */
  holds: () => boolean
}

export interface ReadRecord {
  topic: string
  partition: number
  offset: number
  value: Buffer | null
  writtenAtMs: number
}

export interface OwnOptions {
  kafka: Kafka
  groupId: string
  /** Topics to read. All must have the same number of partitions. */
  topics: string[]
  /** Session timeout of the group, ms. A broker with default settings requires at least 6,000. */
  sessionTimeoutMs: number
  /** Takes all records of the assigned partitions, in order. A record may come twice. May throw TransientError. */
  read: (records: ReadRecord[]) => Promise<void>
  /** Called with a new lease, after all records were read that the partitions held when they were assigned. */
  onLease: (lease: Lease) => void
  log: Logger
  /** Called when the process must exit. */
  crash: (error: Error) => void
}

export interface OwnPartitions {
  /** Returns why this process is not ready; undefined if it is ready. A process without partitions is ready. */
  notReady: () => string | undefined
  owned: () => number[]
  stop: () => Promise<void>
}

const watchEveryMs = 200
const readEndsEveryMs = 500

export async function ownPartitions(options: OwnOptions): Promise<OwnPartitions> {
  const { kafka, groupId, topics, sessionTimeoutMs, log } = options
  const ownership = createOwnership(topics, sessionTimeoutMs / 2)
  const leases = leaseKeeper(ownership, options.onLease)
  const stopping = new AbortController()
  const admin = kafka.admin()
  const consumer = kafka.consumer({
    groupId,
    partitionAssigners: [coPartitionedAssigner],
    sessionTimeout: sessionTimeoutMs,
    rebalanceTimeout: sessionTimeoutMs,
    heartbeatInterval: sessionTimeoutMs / 8,
    // kafkajs sends heartbeats between fetches, so a fetch must be shorter than the heartbeat interval.
    maxWaitTimeInMs: Math.min(500, sessionTimeoutMs / 16),
    allowAutoTopicCreation: false,
  })
  const catchUp = () => readEnds(admin, ownership, topics, stopping.signal, log).then(leases.settle)
  follow(consumer, { ownership, leases, catchUp, ...options })
  await admin.connect()
  await consumer.connect()
  await consumer.subscribe({ topics, fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch }: EachBatchPayload) => {
      const { topic, partition } = batch
      const records = batch.messages.map(({ offset, value, timestamp }) => ({
        topic,
        partition,
        offset: Number(offset),
        value,
        writtenAtMs: Number(timestamp),
      }))
      try {
        await options.read(records)
      } catch (error) {
        // kafkajs would retry any other error for ever.
        if (error instanceof TransientError) throw error
        return options.crash(error as Error)
      }
      ownership.read(topic, partition, Number(batch.lastOffset()) + 1)
      leases.settle()
    },
  })
  const watch = setInterval(leases.settle, watchEveryMs)
  return {
    notReady: () => ownership.notReady(monotonicMs()),
    owned: () => ownership.owned(monotonicMs()),
    stop: async () => {
      stopping.abort()
      clearInterval(watch)
      ownership.onRevoked()
      leases.settle()
      await consumer.disconnect()
      await admin.disconnect()
    },
  }
}

interface Leases {
  settle: () => void
}

function leaseKeeper(ownership: Ownership, owned: OwnOptions['onLease']): Leases {
  const current = new Map<number, { ending: AbortController; generation: number }>()
  return {
    settle: () => {
      const generation = ownership.generation()
      const now = new Set(ownership.owned(monotonicMs()))
      for (const [partition, lease] of [...current]) {
        if (now.has(partition) && lease.generation === generation) continue
        current.delete(partition)
        lease.ending.abort()
      }
      for (const partition of now) {
        if (current.has(partition)) continue
        const ending = new AbortController()
        current.set(partition, { ending, generation })
        const holds = () =>
          !ending.signal.aborted &&
          ownership.generation() === generation &&
          ownership.owned(monotonicMs()).includes(partition)
        owned({ partition, assigned: [...now], signal: ending.signal, holds })
      }
    },
  }
}

function follow(
  consumer: Consumer,
  parts: OwnOptions & { ownership: Ownership; leases: Leases; catchUp: () => Promise<void> },
): void {
  const { ownership, leases, topics, groupId, log } = parts
  const leave = () => {
    ownership.onRevoked()
    leases.settle()
  }
  const sentMs = membershipRequests(consumer)
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    const partitions = payload.memberAssignment[topics[0] ?? ''] ?? []
    ownership.onAssigned(partitions, sentMs.SyncGroup)
    leases.settle()
    log.info({ groupId, partitions }, 'the group assigned partitions')
    parts.catchUp().catch(parts.crash)
  })
  consumer.on(consumer.events.HEARTBEAT, () => {
    ownership.onHeartbeat(sentMs.Heartbeat)
    leases.settle()
  })
  consumer.on(consumer.events.REBALANCING, leave)
  consumer.on(consumer.events.STOP, leave)
  consumer.on(consumer.events.DISCONNECT, leave)
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    leave()
    const { error, restart } = payload
    if (restart) log.warn({ err: error, groupId }, 'the consumer failed and starts again')
    else parts.crash(new Error(`The consumer of ${topics.join(' and ')} is dead`, { cause: error }))
  })
}

/** Reads end offsets repeatedly, until all partitions of the current assignment are read. */
async function readEnds(
  admin: Admin,
  ownership: Ownership,
  topics: string[],
  signal: AbortSignal,
  log: Logger,
): Promise<void> {
  const generation = ownership.generation()
  const isCurrent = () => !signal.aborted && ownership.generation() === generation
  do {
    try {
      for (const topic of topics) {
        const ends = await admin.fetchTopicOffsets(topic)
        if (!isCurrent()) return
        ownership.ends(
          topic,
          ends.map(({ partition, low, high }) => ({ partition, low: Number(low), high: Number(high) })),
        )
      }
    } catch (error) {
      if (isCurrent()) log.warn({ err: error, topics }, 'the ends of the topics cannot be read: trying again')
    }
    if (ownership.isBehind()) await pause(readEndsEveryMs, signal)
  } while (isCurrent() && ownership.isBehind())
}
