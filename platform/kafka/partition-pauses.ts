// Partitions that wait: a pause before each is tried again, and who has waited for how long.
import type { EachBatchPayload } from 'kafkajs'
import type { Logger } from '../process/log.ts'
import { type Backoff, backoffMs } from '../process/retry.ts'
import type { TransientError } from '../process/transient-error.ts'

/** Whose batch waits. */
export interface StalledPartition {
  topic: string
  partition: number
}

/** Which partitions wait for an unavailable dependency, and since when: one that goes on says nothing of another. */
export interface StallTracker {
  /** A partition waits; since the first time that it said so. Gives how often it has said so since. */
  wait: (whose: StalledPartition, message: string, nowMs: number) => number
  end: (whose: StalledPartition) => void
  /** The group dealt its partitions out anew, by topic: the others are no longer ours. */
  assigned: (partitions: Record<string, number[]>) => void
  /** The partition that waits longest, and what it said last. */
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
   * Pauses a partition whose batch found a dependency unavailable, each time longer; then the batch comes again. To wait
   * within the batch would hold up all partitions: kafkajs fetches nothing of any meanwhile.
   */
  retryLater: (payload: EachBatchPayload, why: TransientError) => void
  /** Pauses a partition for a moment: its messages are to be handled after others that are under way. */
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
