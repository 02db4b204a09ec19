/** First and one past the last offset of a partition. */
export interface Ends {
  partition: number
  low: number
  high: number
}

/** What a member of the group knows of its membership. No clock and no client in here; times are ms of any steady clock. */
export interface Ownership {
  /** The group gave this member `partitions` (of every topic), as it asked at `sentMs`. All that was read counts anew. */
  joined: (partitions: readonly number[], sentMs: number) => void
  /** The group is dividing anew, or this member left it. */
  left: () => void
  /** The coordinator answered a heartbeat that was sent at `sentMs`. */
  heard: (sentMs: number) => void
  /** Where a topic's partitions end now. The first time after joining sets how far has to be read. */
  ends: (topic: string, ends: readonly Ends[]) => void
  /** A topic's partition was read up to `nextOffset`, which is not read yet. */
  read: (topic: string, partition: number, nextOffset: number) => void
  /**
   * Partitions whose owner this member is: assigned, all of them read to their ends, and the coordinator was asked
   * lately, and answered. None before all are read: what is known of one may lie in another.
   */
  owned: (atMs: number) => number[]
  /** Goes up with every `joined` and `left`. */
  generation: () => number
  /** Whether anything assigned is still to be read. */
  isBehind: () => boolean
  /** Why this member is not fit for work; undefined when it is, also with nothing assigned. */
  notReady: (atMs: number) => string | undefined
}

/**
 * @param topics read together, partition n of all by one member
 * @param silenceMs so long after the newest heartbeat that was answered nothing is owned: half the session timeout, so that
 *   the next owner, who comes after the whole of it, does not meet this one. The session begins when the coordinator gets
 *   the heartbeat: its answer may lie unread while this process is stopped
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
    joined(partitions, sentMs) {
      generation++
      assigned = partitions
      heardSentMs = sentMs
      targets.clear()
      positions.clear()
    },
    left() {
      generation++
      assigned = undefined
    },
    heard(sentMs) {
      heardSentMs = Math.max(heardSentMs, sentMs)
    },
    ends(topic, ends) {
      for (const { partition, low, high } of ends) {
        const name = nameOf(topic, partition)
        if (!targets.has(name)) targets.set(name, high)
        // What retention has removed cannot be read any more; an empty partition gives no batch at all.
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
