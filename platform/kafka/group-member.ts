import type { Consumer, Kafka } from 'kafkajs'
import type { Logger } from '../process/log.ts'
import { monotonicMs } from '../process/monotonic-clock.ts'
import { memberInTurn, type Turn } from './member-in-turn.ts'
import { membershipRequests } from './membership-requests.ts'

/** Limits of a fetch, and how many partitions are handled at once. A slow handler delays the next fetch. */
export interface BatchShape {
  minBytes: number
  maxWaitMs: number
  maxBytesPerPartition: number
  concurrentPartitions: number
}

export interface GroupMember {
  consumer: Consumer
  isCurrent: () => boolean
}

/**
 * Takes the partitions by topic that a member is assigned. `holds` says whether no other member can have them: ask before
 * what must be done once. It is the same function as long as no other member can have had them in between.
 */
export type Assigned = (partitions: Record<string, number[]>, holds: () => boolean) => void

interface MemberOptions {
  kafka: Kafka
  groupId: string
  shape: BatchShape
  /** One member gets all partitions. Absent: the members share them. */
  turn?: Turn | undefined
  log: Logger
  assigned: Assigned
  crash: (error: Error) => void
}

// Session timeout, ms. A killed member keeps its partitions for this long.
const sessionTimeoutMs = 10_000
const heartbeatEveryMs = 2_000
// How long after its last acknowledged heartbeat was sent a member goes on, ms. Others wait for the whole session.
const heldMs = 7_000
// Maximum size of a fetch over all partitions, bytes. A first batch that is larger comes in any case.
const maxFetchBytes = 32 * 1024 * 1024

export function createGroupMember(options: MemberOptions): GroupMember {
  const { kafka, groupId, shape, turn, log, assigned, crash } = options
  const consumer = kafka.consumer({
    groupId,
    sessionTimeout: sessionTimeoutMs,
    heartbeatInterval: 3_000,
    rebalanceTimeout: 60_000,
    minBytes: shape.minBytes,
    maxWaitTimeInMs: shape.maxWaitMs,
    maxBytesPerPartition: shape.maxBytesPerPartition,
    maxBytes: Math.min(shape.maxBytesPerPartition * 8, maxFetchBytes),
    allowAutoTopicCreation: false,
    ...(turn && { partitionAssigners: [memberInTurn(turn)] }),
  })
  const sentMs = membershipRequests(consumer)
  let joined = false
  let heldFromMs = Number.NEGATIVE_INFINITY
  let held: { partitions: string; holds: () => boolean } | undefined
  const hold = (partitions: string): (() => boolean) => {
    const holds = (): boolean => held?.holds === holds && monotonicMs() - heldFromMs <= heldMs
    held = { partitions, holds }
    return holds
  }
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    joined = true
    const partitions = JSON.stringify(payload.memberAssignment)
    const isKept = held?.partitions === partitions && sentMs.SyncGroup - heldFromMs <= heldMs
    heldFromMs = sentMs.SyncGroup
    assigned(payload.memberAssignment, isKept && held ? held.holds : hold(partitions))
  })
  consumer.on(consumer.events.HEARTBEAT, () => {
    heldFromMs = Math.max(heldFromMs, sentMs.Heartbeat)
  })
  consumer.on(consumer.events.REBALANCING, () => {
    joined = false
  })
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    joined = false
    if (payload.restart) log.warn({ err: payload.error }, 'consumer crashed and starts again')
    else crash(payload.error)
  })
  return { consumer, isCurrent: () => joined && monotonicMs() - heldFromMs <= sessionTimeoutMs }
}

/** Runs `work` while sending heartbeats. If a heartbeat failed, rejects after `work`, so that nothing is committed. */
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
