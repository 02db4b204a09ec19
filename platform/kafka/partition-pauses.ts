import type { EachBatchPayload } from 'kafkajs'
import type { Logger } from '../process/log.ts'
import { type Backoff, backoffMs } from '../process/retry.ts'
import type { TransientError } from '../process/transient-error.ts'

export interface StalledPartition {
  topic: string
  partition: number
}

export interface StallTracker {
  /** Records a failed attempt on a partition. Returns the number of failed attempts since the stall began. */
  wait: (whose: StalledPartition, message: string, nowMs: number) => number
  end: (whose: StalledPartition) => void
  /** Forgets the stalls of partitions that are not in `partitions`: a rebalance took them away. */
  assigned: (partitions: Record<string, number[]>) => void
  longest: (nowMs: number) => { waitedMs: number; message: string } | undefined
}

export function createStallTracker(): StallTracker {
  const waits = new Map<string, StalledPartition & { sinceMs: number; times: number; message: string }>()
  const name = ({ topic, partition }: StalledPartition): string => `${topic}/${partition}`
  return {
    wait: (whose, message, nowMs) => {
      const before = waits.get(name(whose))
      const times = (before?.times ?? 0) + 1
      const { topic, partition } = whose
      waits.set(name(whose), { topic, partition, sinceMs: before?.sinceMs ?? nowMs, times, message })
      return times
    },
    end: (whose) => void waits.delete(name(whose)),
    assigned: (partitions) => {
      for (const [key, { topic, partition }] of waits) {
        if (!partitions[topic]?.includes(partition)) waits.delete(key)
      }
    },
    longest: (nowMs) => {
      const [first] = [...waits.values()].sort((one, other) => one.sinceMs - other.sinceMs)
      return first && { waitedMs: nowMs - first.sinceMs, message: first.message }
    },
  }
}

const retryBackoff: Backoff = { firstMs: 200, maxMs: 5_000 }
const holdMs = 50

export interface PartitionPauses {
  /**
   * Pauses a partition, and then has its batch redelivered. Each failure in a row makes the pause longer. A wait inside
   * the batch handler would block all partitions.
   */
  retryLater: (payload: EachBatchPayload, why: TransientError) => void
  /** Pauses a partition for 50 ms, because its messages must be handled after those of other topics. */
  hold: (payload: EachBatchPayload) => void
  stop: () => void
}

export function createPartitionPauses(stalls: StallTracker, log: Logger): PartitionPauses {
  const timers = new Set<NodeJS.Timeout>()
  const pauseFor = (pause: EachBatchPayload['pause'], waitMs: number): void => {
    const resume = pause()
    const timer = setTimeout(() => {
      timers.delete(timer)
      resume()
    }, waitMs)
    timers.add(timer)
  }
  return {
    retryLater: ({ batch, pause }, why) => {
      const { topic, partition } = batch
      const attempt = stalls.wait(batch, why.message, Date.now())
      const waitMs = backoffMs(retryBackoff, attempt)
      log.warn({ err: why, topic, partition, attempt, waitMs }, 'waiting to try again')
      pauseFor(pause, waitMs)
    },
    hold: ({ pause }) => pauseFor(pause, holdMs),
    stop: () => {
      for (const timer of timers) clearTimeout(timer)
    },
  }
}
