// Kafka does not order records across topics. The store must get an accepted answer after its points. Otherwise the
// points would count as withdrawn until they arrive.
import type { OffsetReader } from '#platform/kafka/consumer-lag.ts'
import type { Subscription } from '#platform/kafka/process-batch.ts'

export type AfterPoints = (topics: readonly string[]) => NonNullable<Subscription['admit']>

interface Mark {
  upTo: number
  ends: Map<string, Map<number, number>>
}

/** Admits a message once the group has committed all that `topics` held when the message was first seen. */
export function afterPoints(offsets: Pick<OffsetReader, 'ends' | 'committed'>, groupId: string): AfterPoints {
  return (topics) => {
    const partitions = new Map<number, { marks: Mark[]; admittedTo: number }>()
    return async (partition, messages) => {
      const state = partitions.get(partition) ?? { marks: [], admittedTo: 0 }
      partitions.set(partition, state)
      const next = (messages.at(-1) ?? -1) + 1
      if (next > (state.marks.at(-1)?.upTo ?? state.admittedTo)) {
        state.marks.push({ upTo: next, ends: await offsets.ends(topics) })
      }
      const committed = state.marks.length === 0 ? new Map() : await offsets.committed(groupId, topics)
      while (state.marks[0] && isPassed(state.marks[0], committed)) state.admittedTo = state.marks.shift()?.upTo ?? 0
      return messages.filter((offset) => offset < state.admittedTo).length
    }
  }
}

function isPassed({ ends }: Mark, committed: ReadonlyMap<string, ReadonlyMap<number, number>>): boolean {
  return [...ends].every(([topic, partitions]) =>
    [...partitions].every(([partition, end]) => end === 0 || (committed.get(topic)?.get(partition) ?? -1) >= end),
  )
}
