import { maxHostPauseMs } from '#core/memory-records.ts'
import type { HostMemory, Poll } from '#schemas/generated/records.ts'

export interface RecentPolls {
  /** At least this long ago each recent poll ended, real ms. From the broker's timestamps. */
  endedAgoMs: number[]
  pauses: RecordedPause[]
}

export interface RecordedPause {
  untilMs: number
  /** Length of the pause, ms of the poller's clock; at most 24 hours. */
  lengthMs: number
  /** At least this long ago the pause was recorded, real ms. */
  agoMs: number
  reason: string
  inARow: number
}

export interface Place {
  partition: number
  offset: number
  writtenAtMs: number
}

/** Tracks recent polls (topic `polls`), pauses (poller-memory) and lifted pauses (poll-requests). Idempotent. */
export interface RecentPollKeeper {
  logged: (poll: Poll, at: Place) => void
  remembered: (at: Place) => void
  paused: (memory: HostMemory, at: Place) => void
  /** Ends the host's pauses that were recorded before `at`. Returns false if the request at `at` was taken before. */
  lifted: (host: string, at: Place) => boolean
  of: (host: string) => RecentPolls
}

/** Number of newest polls that are always kept per host. It exceeds the requests per minute of every budget. */
const keptPerHost = 2_000

type Sighting = Pick<Place, 'partition' | 'writtenAtMs'>

export function createRecentPolls(monotonicMs: () => number = () => performance.now()): RecentPollKeeper {
  const polls = new Map<string, Sighting[]>()
  const pauses = new Map<string, { memory: HostMemory; at: Place }>()
  const liftedAtMs = new Map<string, number>()
  const logRead = new Map<number, number>()
  const liftsRead = new Map<number, number>()
  // One clock per topic, because different brokers may set the timestamps of two topics.
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

/** Estimates the broker's time from the timestamps of a topic's records. The estimate is never too late. */
function createBrokerClock(monotonicMs: () => number) {
  const newest = new Map<number, { writtenAtMs: number; readAtMs: number }>()
  return {
    seen(partition: number, writtenAtMs: number): void {
      if (writtenAtMs >= (newest.get(partition)?.writtenAtMs ?? writtenAtMs))
        newest.set(partition, { writtenAtMs, readAtMs: monotonicMs() })
    },
    agoMs(partition: number, atMs: number): number {
      const last = newest.get(partition)
      if (last === undefined) return 0
      return Math.max(0, last.writtenAtMs - atMs) + Math.max(0, monotonicMs() - last.readAtMs)
    },
  }
}

/**
 * Returns the rest of the longest pause, ms of the poller's clock. Returns undefined if all pauses are over. Pure. The
 * rest is computed by the poller's clock and by the broker's clock, and the shorter one counts, so that a wrong clock
 * does not pause a host for long.
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
