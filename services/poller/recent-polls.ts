import { maxHostPauseMs } from '#core/memory-records.ts'
import type { HostMemory, Poll } from '#schemas/generated/records.ts'

/** What a new owner of a host knows of its last minutes. */
export interface RecentPolls {
  /**
   * How long ago each of the newest polls ended, at the least: real ms. The broker's clock says how far apart they are,
   * and the newest of them counts as ended when it was read. The clock of this machine has no part in it.
   */
  endedAgoMs: number[]
  /** The newest pauses that the host asked for and nobody lifted. */
  pauses: RecordedPause[]
}

/** A pause as the memory of its host tells it. */
export interface RecordedPause {
  /** The poller's clock, ms. */
  untilMs: number
  /** From sending the request to the end of the pause, ms of the poller's clock; 24 hours at the most. */
  lengthMs: number
  /** How long ago it was recorded, at the least: real ms. */
  agoMs: number
  reason: string
  /** How often the host said so in a row, this time included. */
  inARow: number
}

/** Where a record lies, and Kafka's timestamp of it, ms. */
export interface Place {
  partition: number
  offset: number
  writtenAtMs: number
}

/**
 * The newest polls of hosts as topic `polls` shows them, their pauses as records of the memory are read, and which of
 * these records of `poll-requests` lift. Reading a record again changes nothing.
 */
export interface RecentPollKeeper {
  /** A poll in the log. */
  logged: (poll: Poll, at: Place) => void
  /** Any record of the memory: it tells the time. */
  remembered: (at: Place) => void
  /** The pauses of a host. */
  paused: (memory: HostMemory, at: Place) => void
  /** The pauses of a host that Kafka took before are over. Returns whether the record was not read before. */
  lifted: (host: string, at: Place) => boolean
  of: (host: string) => RecentPolls
}

/** More than any budget allows in a minute; older ones are forgotten. */
const keptPerHost = 2_000

type Sighting = Pick<Place, 'partition' | 'writtenAtMs'>

/** @param monotonicMs a clock that only runs forwards */
export function createRecentPolls(monotonicMs: () => number = () => performance.now()): RecentPollKeeper {
  const polls = new Map<string, Sighting[]>()
  const pauses = new Map<string, { memory: HostMemory; at: Place }>()
  const liftedAtMs = new Map<string, number>()
  const logRead = new Map<number, number>()
  const liftsRead = new Map<number, number>()
  // Partitions of two topics may have brokers whose clocks differ: each topic is compared with itself.
  const [logClock, memoryClock] = [createBrokerClock(monotonicMs), createBrokerClock(monotonicMs)]
  return {
    logged({ host }, { partition, offset, writtenAtMs }) {
      if (offset <= (logRead.get(partition) ?? -1)) return
      logRead.set(partition, offset)
      logClock.seen(partition, writtenAtMs)
      const known = polls.get(host) ?? []
      polls.set(host, known)
      known.push({ partition, writtenAtMs })
      if (known.length > 2 * keptPerHost) known.splice(0, keptPerHost)
    },
    remembered: ({ partition, writtenAtMs }) => memoryClock.seen(partition, writtenAtMs),
    paused(memory, at) {
      if ((pauses.get(memory.host)?.at.offset ?? -1) <= at.offset) pauses.set(memory.host, { memory, at })
    },
    lifted(host, { partition, offset, writtenAtMs }) {
      if (offset <= (liftsRead.get(partition) ?? -1)) return false
      liftsRead.set(partition, offset)
      liftedAtMs.set(host, Math.max(writtenAtMs, liftedAtMs.get(host) ?? writtenAtMs))
      return true
    },
    of(host) {
      const recorded = pauses.get(host)
      const lifted = liftedAtMs.get(host) ?? Number.NEGATIVE_INFINITY
      return {
        endedAgoMs: (polls.get(host) ?? []).map(({ partition, writtenAtMs }) => logClock.agoMs(partition, writtenAtMs)),
        pauses: (recorded?.memory.pauses ?? []).flatMap(({ until, lengthMs, reason, attempts, recordedAt }) => {
          const { partition = 0, writtenAtMs = 0 } = recorded?.at ?? {}
          const atMs = recordedAt ?? writtenAtMs
          if (atMs <= lifted) return []
          const capped = Math.min(maxHostPauseMs, lengthMs)
          return [
            { untilMs: until, lengthMs: capped, agoMs: memoryClock.agoMs(partition, atMs), reason, inARow: attempts },
          ]
        }),
      }
    },
  }
}

/** What time it is for the broker, at the least, as records of partitions of one topic show it. */
function createBrokerClock(monotonicMs: () => number) {
  const newest = new Map<number, { writtenAtMs: number; readAtMs: number }>()
  return {
    seen(partition: number, writtenAtMs: number): void {
      if (writtenAtMs >= (newest.get(partition)?.writtenAtMs ?? writtenAtMs))
        newest.set(partition, { writtenAtMs, readAtMs: monotonicMs() })
    },
    /** How long ago an instant of the broker's clock was, at the least: real ms. */
    agoMs(partition: number, atMs: number): number {
      const last = newest.get(partition)
      if (last === undefined) return 0
      return Math.max(0, last.writtenAtMs - atMs) + Math.max(0, monotonicMs() - last.readAtMs)
    },
  }
}

/**
 * What is left of the longest of the pauses, ms of the poller's clock; undefined when they are over. By the poller's
 * clock, and never longer than the pause was less the time that has passed since for the broker: a clock that stepped, or
 * a record from the future, does not pause a host for more than 24 hours. Pure.
 *
 * @param nowMs the poller's clock
 * @param spanMs how long a span of real time is on it
 */
export function pauseLeft(
  pauses: readonly RecordedPause[],
  nowMs: number,
  spanMs: (realMs: number) => number,
): { forMs: number; reason: string; inARow: number } | undefined {
  const left = pauses.map(({ untilMs, lengthMs, agoMs, reason, inARow }) => {
    return { forMs: Math.min(untilMs - nowMs, lengthMs - spanMs(agoMs)), reason, inARow }
  })
  const [longest] = left.toSorted((one, other) => other.forMs - one.forMs)
  return longest === undefined || longest.forMs <= 0 ? undefined : { ...longest, inARow: left.at(-1)?.inARow ?? 1 }
}
