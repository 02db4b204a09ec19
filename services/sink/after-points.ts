// Topics have no common order. An accepted answer enters the store after its points: a reader may for a moment see a value
// too long, and never a withdrawal that no answer told.
import type { OffsetReader } from '#platform/kafka/consumer-lag.ts'
import type { Subscription } from '#platform/kafka/process-batch.ts'

/** Holds messages back until all that stands on topics by now is stored. */
export type AfterPoints = (topics: readonly string[]) => NonNullable<Subscription['admit']>

/** Messages before `upTo` may be handled once the group has committed these ends of the topics. */
interface Mark {
  upTo: number
  ends: Map<string, Map<number, number>>
}

/**
 * Admits messages once the group has committed all that the topics held when the messages were first seen. For a topic
 * whose records are written after the records of those topics are acknowledged.
 */
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

/** Whether a group that committed these offsets has read all before the ends. Pure. */
function isPassed({ ends }: Mark, committed: ReadonlyMap<string, ReadonlyMap<number, number>>): boolean {
  return [...ends].every(([topic, partitions]) =>
    [...partitions].every(([partition, end]) => end === 0 || (committed.get(topic)?.get(partition) ?? -1) >= end),
  )
}
