// Kafka does not order records across topics. The store must get an accepted answer after its points. Otherwise the
// points would count as withdrawn until they arrive. And it must get what a poller says in the host log after all that
// was written before: then the newest row of host_log says up to when the store has everything.
import { sinkGroupOf } from '#core/consumer-groups.ts'
import type { OffsetReader } from '#platform/kafka/consumer-lag.ts'
import type { Subscription } from '#platform/kafka/process-batch.ts'
import type { Topic } from '#schemas/topics.ts'

export type AfterRecords = (topics: readonly Pick<Topic, 'name' | 'record'>[]) => NonNullable<Subscription['admit']>

const nameOf = ({ name }: Pick<Topic, 'name'>): string => name

type Offsets = ReadonlyMap<string, ReadonlyMap<number, number>>

interface Mark {
  upTo: number
  ends: Offsets
}

/** Admits a message once the sink has committed all that `topics` held when the message was first seen. */
export function afterRecords(offsets: Pick<OffsetReader, 'ends' | 'committed'>): AfterRecords {
  return (topics) => {
    const partitions = new Map<number, { marks: Mark[]; admittedTo: number }>()
    const groups = [...Map.groupBy(topics, sinkGroupOf)]
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
