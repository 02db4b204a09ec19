/** Whose batch waits. */
export interface Waiting {
  topic: string
  partition: number
}

/** Which partitions wait for an unwell world, and since when: one that goes on says nothing of another. */
export interface Waits {
  /** A partition waits; since the first time that it said so. */
  wait: (whose: Waiting, message: string, nowMs: number) => void
  end: (whose: Waiting) => void
  /** The group dealt its partitions out anew, by topic: the others are no longer ours. */
  assigned: (partitions: Record<string, number[]>) => void
  /** The partition that waits longest, and what it said last. */
  longest: (nowMs: number) => { waitedMs: number; message: string } | undefined
}

export function createWaits(): Waits {
  const waits = new Map<string, Waiting & { sinceMs: number; message: string }>()
  const name = ({ topic, partition }: Waiting): string => `${topic}/${partition}`
  return {
    wait: (whose, message, nowMs) => {
      const sinceMs = waits.get(name(whose))?.sinceMs ?? nowMs
      waits.set(name(whose), { topic: whose.topic, partition: whose.partition, sinceMs, message })
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
