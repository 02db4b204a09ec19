export interface Ends {
  partition: number
  low: number
  high: number
}

/** Which partitions a group member owns. Pure state: the caller passes times, ms of any monotonic clock. */
export interface Ownership {
  /** Takes a new assignment, of which nothing is read yet. `sentMs` is when the request for the assignment was sent. */
  onAssigned: (partitions: readonly number[], sentMs: number) => void
  onRevoked: () => void
  /** The coordinator acknowledged a heartbeat that was sent at `sentMs`. */
  onHeartbeat: (sentMs: number) => void
  /** Takes a topic's end offsets. After an assignment, nothing is owned until the first ones are reached. */
  ends: (topic: string, ends: readonly Ends[]) => void
  read: (topic: string, partition: number, nextOffset: number) => void
  /** Returns the assigned partitions. Returns [] before all are read, or if no recent heartbeat was acknowledged. */
  owned: (atMs: number) => number[]
  generation: () => number
  isBehind: () => boolean
  notReady: (atMs: number) => string | undefined
}

/**
 * @param topics topics with the same partition count; one member owns partition n of all of them
 * @param silenceMs maximum time since the last acknowledged heartbeat was sent. After that time the member owns
 * nothing. Callers pass half the session timeout, so that the member stops before the coordinator can choose another
 * owner
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
        // Retention may have removed records before `low`, and an empty partition yields no batch.
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
