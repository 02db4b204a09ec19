// The dead man's switch: it says that records are judged and messages routed, and not merely that the process lives.
import type { OffsetReader } from '#platform/kafka/consumer-lag.ts'
import type { Logger } from '#platform/process/log.ts'

/** By topic and partition: where it ended, and what was committed of it. */
export interface Progress {
  ends: ReadonlyMap<string, number>
  committed: ReadonlyMap<string, number>
}

const everyMs = 10_000

/** Returns whether all that stood there at the look before is done, or goes on to be done. Pure. */
export function keepsUp(before: Progress, now: Progress): boolean {
  return [...before.ends].every(([name, end]) => {
    const done = now.committed.get(name) ?? -1
    return end === 0 || done >= end || done > (before.committed.get(name) ?? -1)
  })
}

/**
 * Calls `onBeat` every ten seconds while the groups keep up with their topics. It says nothing while they do not, or while
 * Kafka is away.
 */
export function startHeartbeat(
  offsets: Pick<OffsetReader, 'ends' | 'committed'>,
  groups: readonly { group: string; topics: readonly string[] }[],
  log: Pick<Logger, 'warn'>,
  onBeat: () => void,
): { stop: () => void } {
  let before: Progress | undefined
  const look = async (): Promise<void> => {
    const now = await progressOf(offsets, groups)
    if (before === undefined || keepsUp(before, now)) onBeat()
    else log.warn({}, 'records of ten seconds ago are not judged yet: there is no heartbeat')
    before = now
  }
  let isLooking = false
  const lookOnce = (): void => {
    if (isLooking) return
    isLooking = true
    look()
      .catch((error) => log.warn({ err: error }, 'there is no heartbeat'))
      .finally(() => {
        isLooking = false
      })
  }
  lookOnce()
  const timer = setInterval(lookOnce, everyMs)
  return { stop: () => clearInterval(timer) }
}

async function progressOf(
  offsets: Pick<OffsetReader, 'ends' | 'committed'>,
  groups: readonly { group: string; topics: readonly string[] }[],
): Promise<Progress> {
  const ends = new Map<string, number>()
  const committed = new Map<string, number>()
  for (const { group, topics } of groups) {
    // What is committed is read first, so that it is never ahead of the ends.
    const found = [
      [committed, await offsets.committed(group, topics)],
      [ends, await offsets.ends(topics)],
    ] as const
    for (const [into, byTopic] of found)
      for (const [topic, partitions] of byTopic)
        for (const [partition, offset] of partitions) into.set(`${topic}/${partition}`, offset)
  }
  return { ends, committed }
}
