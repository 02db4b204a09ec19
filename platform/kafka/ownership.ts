export interface Ends {
  partition: number
  low: number
  high: number
}

/** State of a group membership, without clock and client. Times are ms of any monotonic clock. */
export interface Ownership {
  /** Resets all positions. `sentMs` is when the request to join was sent. */
  onAssigned: (partitions: readonly number[], sentMs: number) => void
  onRevoked: () => void
  /** The coordinator acknowledged a heartbeat that was sent at `sentMs`. */
  onHeartbeat: (sentMs: number) => void
  /** Takes end offsets. The first ones after joining set how far to read. */
  ends: (topic: string, ends: readonly Ends[]) => void
  read: (topic: string, partition: number, nextOffset: number) => void
  /** Returns the assigned partitions while heartbeats are acknowledged, but none before all of them are read. */
  owned: (atMs: number) => number[]
  generation: () => number
  isBehind: () => boolean
  notReady: (atMs: number) => string | undefined
}

/**
 * @param topics partition n of all topics belongs to one member
 * @param silenceMs nothing is owned this long after the last acknowledged heartbeat was sent: half the session timeout,
 * so that the next owner never overlaps. The session starts when the coordinator receives the heartbeat
 */
export function createOwnership(topics: readonly string[], silenceMs: number): Ownership {
  let generation = 0
  let assigned: readonly number[] | undefined
  let heardSentMs = Number.NEGATIVE_INFINITY
  const targets = new Map<string, number>()
  const positions = new Map<string, number>()

  const nameOf = (topic: string, partition: number) => `${topic}/${partition}`
  const isSilent = (atMs: number) => atMs - heardSentMs > silenceMs
  const isRead = (partition: number) =>
    topics.every((topic) => {
      const target = targets.get(nameOf(topic, partition))
      return target !== undefined && (positions.get(nameOf(topic, partition)) ?? 0) >= target
    })
  const read = (topic: string, partition: number, nextOffset: number) => {
    const name = nameOf(topic, partition)
    positions.set(name, Math.max(positions.get(name) ?? 0, nextOffset))
  }
  return {
    onAssigned(partitions, sentMs) {
      generation++
      assigned = partitions
      heardSentMs = sentMs
      targets.clear()
      positions.clear()
    },
    onRevoked() {
      generation++
      assigned = undefined
    },
    onHeartbeat(sentMs) {
      heardSentMs = Math.max(heardSentMs, sentMs)
    },
    ends(topic, ends) {
      for (const { partition, low, high } of ends) {
        const name = nameOf(topic, partition)
        if (!targets.has(name)) targets.set(name, high)
        // Retention may have removed the records, and an empty partition yields no batch.
        read(topic, partition, low)
      }
    },
    read,
    owned: (atMs) => (assigned === undefined || isSilent(atMs) || !assigned.every(isRead) ? [] : [...assigned]),
    generation: () => generation,
    isBehind: () => assigned?.some((partition) => !isRead(partition)) ?? false,
    notReady(atMs) {
      if (assigned === undefined) return 'waiting for the group to assign partitions'
      if (isSilent(atMs)) return 'the group coordinator has not answered a heartbeat lately'
      const behind = assigned.filter((partition) => !isRead(partition))
      return behind.length > 0 ? `reading partitions ${behind.join(', ')} of ${topics.join(' and ')}` : undefined
    },
  }
}
