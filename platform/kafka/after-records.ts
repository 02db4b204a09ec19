// Kafka does not order records across topics. An accepted answer must be taken after its points. Otherwise the points
// would count as withdrawn until they arrive. And the store must get what a poller says in the host log after all that
// was written before: then the newest row of host_log says up to when the store has everything.
import type { Topic } from '#schemas/topics.ts'
import type { OffsetReader } from './consumer-lag.ts'
import type { Subscription } from './process-batch.ts'

export type AfterRecords = (topics: readonly Pick<Topic, 'name' | 'record'>[]) => NonNullable<Subscription['admit']>

const nameOf = ({ name }: Pick<Topic, 'name'>): string => name

type Offsets = ReadonlyMap<string, ReadonlyMap<number, number>>

interface Mark {
  upTo: number
  ends: Offsets
}

/**
 * Admits a message once all that `topics` held when the message was first seen is committed.
 * @param groupOf returns the consumer group that reads a topic
 */
export function afterRecords(
  offsets: Pick<OffsetReader, 'ends' | 'committed'>,
  groupOf: (topic: Pick<Topic, 'record'>) => string,
): AfterRecords {
  return (topics) => {
    const partitions = new Map<number, { marks: Mark[]; admittedTo: number }>()
    const groups = [...Map.groupBy(topics, groupOf)]
    const names = topics.map(nameOf)
    const readCommitted = async (): Promise<Offsets> => {
      const found = groups.map(([group, read]) => offsets.committed(group, read.map(nameOf)))
      return new Map((await Promise.all(found)).flatMap((one) => [...one]))
    }
    return async (partition, messages) => {
      const state = partitions.get(partition) ?? { marks: [], admittedTo: 0 }
      partitions.set(partition, state)
      const next = (messages.at(-1) ?? -1) + 1
      if (next > (state.marks.at(-1)?.upTo ?? state.admittedTo)) {
        state.marks.push({ upTo: next, ends: await offsets.ends(names) })
      }
      const committed: Offsets = state.marks.length === 0 ? new Map() : await readCommitted()
      while (state.marks[0] && isPassed(state.marks[0], committed)) state.admittedTo = state.marks.shift()?.upTo ?? 0
      return messages.filter((offset) => offset < state.admittedTo).length
    }
  }
}

function isPassed({ ends }: Mark, committed: Offsets): boolean {
  return [...ends].every(([topic, partitions]) =>
    [...partitions].every(([partition, end]) => end === 0 || (committed.get(topic)?.get(partition) ?? -1) >= end),
  )
}
