import { TransientError } from '../process/transient-error.ts'
import type { Kafka } from './client.ts'
import { committedOffsets, consumerLag } from './consumer-lag.ts'

/** What a consumer group has not committed of a topic. */
export interface GroupLag {
  group: string
  topic: string
  /** Number of records, over all partitions. */
  records: number
  /** How long ago the oldest of these records was written, s. 0 if there is none. */
  seconds: number
}

export interface LagReader {
  /** Reads the lag of all groups and topics. `nowMs` is the machine's time, ms UTC. @throws TransientError */
  read: (nowMs: number) => Promise<GroupLag[]>
  close: () => Promise<void>
}

/** Opens a reader of the lag of consumer groups, from their committed offsets and the timestamps of the records. */
export async function openLagReader(
  kafka: Kafka,
  groups: readonly { group: string; topics: string[] }[],
): Promise<LagReader> {
  const admin = kafka.admin()
  await admin.connect()
  const lagOf = async (group: string, topic: string, done: Map<number, number>, nowMs: number): Promise<GroupLag> => {
    const ends = await admin.fetchTopicOffsets(topic)
    const waiting = new Map(
      ends
        .map(({ partition, low, high }) => [partition, Math.max(done.get(partition) ?? -1, Number(low)), Number(high)])
        .filter(([, next = 0, high = 0]) => next < high)
        .map(([partition = 0, next = 0]) => [partition, next]),
    )
    const records = consumerLag(ends, done)
    if (waiting.size === 0) return { group, topic, records, seconds: 0 }
    const seconds = await ageS(async (age) => {
      const firsts = await admin.fetchTopicOffsetsByTimestamp(topic, Math.max(0, nowMs - age * 1_000))
      return firsts.every(({ partition, offset }) => Number(offset) <= (waiting.get(partition) ?? Infinity))
    })
    return { group, topic, records, seconds }
  }
  const read = async (nowMs: number): Promise<GroupLag[]> => {
    const all = groups.map(async ({ group, topics }) => {
      const committed = await admin.fetchOffsets({ groupId: group, topics })
      const done = new Map(committed.map(({ topic, partitions }) => [topic, committedOffsets(partitions)]))
      return Promise.all(topics.map((topic) => lagOf(group, topic, done.get(topic) ?? new Map(), nowMs)))
    })
    return (await Promise.all(all)).flat()
  }
  return {
    read: (nowMs) =>
      read(nowMs).catch((cause) => {
        throw new TransientError('Kafka does not say where topics end, or what a group has committed', { cause })
      }),
    close: () => admin.disconnect(),
  }
}

const maxAgeS = 2 ** 31

/**
 * Finds an age, to a second or 5 % above. Pure.
 * @param isWithin says whether the oldest record is at most that many seconds old; true for all ages above the right one
 */
export async function ageS(isWithin: (seconds: number) => Promise<boolean>): Promise<number> {
  let from = 0
  let to = 1
  while (to < maxAgeS && !(await isWithin(to))) {
    from = to
    to *= 2
  }
  while (to - from > Math.max(1, from * 0.05)) {
    const middle = Math.floor((from + to) / 2)
    if (await isWithin(middle)) to = middle
    else from = middle
  }
  return to
}
