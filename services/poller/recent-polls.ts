import type { Poll } from '#schemas/generated/records.ts'
import { longestHostPauseMs } from './backoff.ts'

/** What `polls` tells a new owner of a host. */
export interface RecentPolls {
  /**
   * How long ago each of the newest polls ended, at the least: real ms. The broker's clock says how far apart they are,
   * and the newest of them counts as ended when it was read. The clock of this machine has no part in it.
   */
  endedAgoMs: number[]
  /** The newest pauses that the host asked for and nobody lifted. */
  pauses: RecordedPause[]
}

/** A pause as a poll's record tells it. */
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
interface Place {
  partition: number
  offset: number
  writtenAtMs: number
}

/** The newest polls by host, as records of `polls` are read, and the pauses that records of `poll-requests` lift. */
export interface RecentPollKeeper {
  /** Reading a record again changes nothing. */
  seen: (poll: Poll, at: Place) => void
  /** The pauses of a host that Kafka took before are over. Returns whether the record was not read before. */
  lifted: (host: string, at: Place) => boolean
  of: (host: string) => RecentPolls
}

/** More than any budget allows in a minute; older ones are forgotten. */
const keptPerHost = 2_000
/** More than there are requests under way at a time: the longest pause is among them. */
const keptPauses = 100

type SeenPause = Omit<RecordedPause, 'agoMs'> & { writtenAtMs: number }

interface Seen {
  partition: number
  writtenAtMs: number[]
  pauses: SeenPause[]
  inARow: number
  /** When the newest pause was said: the poller's clock. */
  pausedAtMs: number
}

/** @param monotonicMs a clock that only runs forwards */
export function createRecentPolls(monotonicMs: () => number = () => performance.now()): RecentPollKeeper {
  const hosts = new Map<string, Seen>()
  const liftedAtMs = new Map<string, number>()
  const pollsRead = new Map<number, number>()
  const liftsRead = new Map<number, number>()
  const newest = new Map<number, { writtenAtMs: number; readAtMs: number }>()
  return {
    seen(poll, { partition, offset, writtenAtMs }) {
      if (offset <= (pollsRead.get(partition) ?? -1)) return
      pollsRead.set(partition, offset)
      if (writtenAtMs >= (newest.get(partition)?.writtenAtMs ?? writtenAtMs)) {
        newest.set(partition, { writtenAtMs, readAtMs: monotonicMs() })
      }
      const { host } = poll
      const known = hosts.get(host) ?? { partition, writtenAtMs: [], pauses: [], inARow: 0, pausedAtMs: -Infinity }
      hosts.set(host, known)
      known.writtenAtMs.push(writtenAtMs)
      if (known.writtenAtMs.length > 2 * keptPerHost) known.writtenAtMs.splice(0, keptPerHost)
      notePause(known, poll, writtenAtMs)
    },
    lifted(host, { partition, offset, writtenAtMs }) {
      if (offset <= (liftsRead.get(partition) ?? -1)) return false
      liftsRead.set(partition, offset)
      liftedAtMs.set(host, Math.max(writtenAtMs, liftedAtMs.get(host) ?? writtenAtMs))
      return true
    },
    of(host) {
      const seen = hosts.get(host)
      const last = seen && newest.get(seen.partition)
      if (seen === undefined || last === undefined) return { endedAgoMs: [], pauses: [] }
      const sinceReadMs = Math.max(0, monotonicMs() - last.readAtMs)
      const agoMs = (atMs: number): number => Math.max(0, last.writtenAtMs - atMs) + sinceReadMs
      const standing = seen.pauses.filter((pause) => pause.writtenAtMs > (liftedAtMs.get(host) ?? -Infinity))
      return {
        endedAgoMs: seen.writtenAtMs.map(agoMs),
        pauses: standing.map(({ writtenAtMs, inARow, ...pause }) => {
          return { ...pause, agoMs: agoMs(writtenAtMs), inARow: Math.min(inARow, standing.length) }
        }),
      }
    },
  }
}

function notePause(known: Seen, { sentAt, fetchedAt, pausedUntil, pauseReason, outcome }: Poll, writtenAtMs: number) {
  const sentSince = sentAt > known.pausedAtMs
  if (pausedUntil === null) {
    if (outcome !== 'failed' && sentSince) known.inARow = 0
    return
  }
  // Requests that were under way when it was first said are no further offence.
  if (sentSince || known.inARow === 0) known.inARow += 1
  known.pausedAtMs = fetchedAt
  const lengthMs = Math.min(longestHostPauseMs, pausedUntil - sentAt)
  const reason = pauseReason ?? 'not stated'
  known.pauses.push({ untilMs: pausedUntil, lengthMs, writtenAtMs, reason, inARow: known.inARow })
  if (known.pauses.length > 2 * keptPauses) known.pauses.splice(0, keptPauses)
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
