// A member of a consumer group: how it fetches, whether it is in its group, and how it stays there while it works.
import type { Consumer, Kafka } from 'kafkajs'
import type { Logger } from '../process/log.ts'

/** How much a batch holds: not returning is the back-pressure, there is no buffer behind it. */
export interface BatchShape {
  minBytes: number
  maxWaitMs: number
  maxBytesPerPartition: number
  concurrentPartitions: number
}

export interface GroupMember {
  /** Joins the group when it runs. */
  consumer: Consumer
  /** Whether it is in its group, and was heard of within the time of a session. */
  isCurrent: () => boolean
}

interface MemberOptions {
  kafka: Kafka
  groupId: string
  shape: BatchShape
  log: Logger
  /** Told at each rebalance which partitions are the member's, by topic. */
  assigned: (partitions: Record<string, number[]>) => void
  /** Called with an error that leaves the consumer dead. */
  crash: (error: Error) => void
}

// A member that was killed holds its partitions for so long. Work heartbeats more often, however long it takes.
const sessionTimeoutMs = 10_000
const heartbeatEveryMs = 2_000

export function createGroupMember({ kafka, groupId, shape, log, assigned, crash }: MemberOptions): GroupMember {
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
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    joined = true
    heardOfAtMs = Date.now()
    assigned(payload.memberAssignment)
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
  return { consumer, isCurrent: () => joined && Date.now() - heardOfAtMs <= sessionTimeoutMs }
}

/**
 * Does some work while heartbeating: kafkajs heartbeats only when told to, and a slow insert would lose the partition.
 * A failed heartbeat (the group is rebalancing, or does not know us) is thrown after the work, whose result is then
 * void: nothing may be committed.
 */
export async function whileHeartbeating<Result>(
  heartbeat: () => Promise<void>,
  work: () => Promise<Result>,
): Promise<Result> {
  let lost: { error: unknown } | undefined
  const timer = setInterval(() => {
    heartbeat().catch((error) => {
      lost = { error }
    })
  }, heartbeatEveryMs)
  try {
    return await work()
  } finally {
    clearInterval(timer)
    if (lost) await Promise.reject(lost.error)
  }
}
