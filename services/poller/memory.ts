import type { ClockReading } from '#core/clock.ts'
import { type RawPlace, rawPlaceOf } from '#core/memory-records.ts'
import { isFarAhead, supersedes, trustedMemory } from '#core/poll-memory.ts'
import type { Poll, PollMemory } from '#schemas/generated/records.ts'
import type { Window } from '#sources/source.ts'

export interface KnownIdentity {
  memory: PollMemory
  /** The host that the memory comes from. The ETag and Last-Modified in `memory` are not valid at another host. */
  host: string
  /** Time of the last poll with any outcome, ms UTC. */
  polledAtMs: number
  /** Time of the last poll with any outcome, monotonic ms. */
  polledMonotonicMs: number
  /** Start of the newest poll's window, ms UTC. For a dataset of ticks, the last polled tick. */
  windowStartMs: number
}

export interface RememberedPlace {
  polledAt: number
  raw: RawPlace | null
}

/** `fetchedAtMs` is the latest fetch time of the identity's polls, even if it is ahead of the clock. */
type State = KnownIdentity & { fetchedAtMs: number; raw: RawPlace | null }

export interface UnconfirmedWindow {
  identity: string
  dataset: string
  window: Window
}

export interface LastPoll {
  atMs: number
  outcome: string
  windowStartMs: number
}

export interface Memory {
  /**
   * Takes a poll. If the poll is from a memory record, `read` has the record's other fields. Idempotent. Returns true
   * if newer memory from the same host is known.
   */
  remember: (poll: Poll, moment: ClockReading, read?: RememberedPlace) => boolean
  known: (identity: string) => KnownIdentity | undefined
  remembered: (identity: string) => RememberedPlace | undefined
  lastPoll: (dataset: string) => LastPoll | undefined
  unconfirmed: () => Iterable<UnconfirmedWindow>
}

/** @param fromTheFuture called once per identity with a `lastGoodFetchedAt` more than a day ahead of the clock */
export function createMemory(fromTheFuture: (poll: Poll) => void): Memory {
  const byIdentity = new Map<string, State>()
  const byDataset = new Map<string, LastPoll>()
  const unconfirmed = new Map<string, UnconfirmedWindow>()
  const reported = new Set<string>()
  return {
    remember(poll, moment, read) {
      const memory = trustedMemory(poll.memory, moment.nowMs)
      if (isFarAhead(poll.memory, moment.nowMs) && !reported.has(poll.requestIdentity)) {
        reported.add(poll.requestIdentity)
        fromTheFuture(poll)
      }
      const polledAt = Math.max(poll.fetchedAt, read?.polledAt ?? poll.fetchedAt)
      const current = byIdentity.get(poll.requestIdentity)
      const isNewer = current === undefined || supersedes(memory, current.memory)
      const isOlder = current !== undefined && current.host === poll.host && supersedes(current.memory, memory)
      // This poll was taken before, or it is older than the newest known poll.
      if (!isNewer && polledAt <= current.fetchedAtMs) return isOlder
      const polledAtMs = Math.min(polledAt, moment.nowMs)
      const isLater = current === undefined || polledAtMs > current.polledAtMs
      byIdentity.set(poll.requestIdentity, {
        memory: isNewer ? memory : current.memory,
        host: isNewer ? poll.host : current.host,
        raw: isNewer ? ((read ? read.raw : rawPlaceOf(poll)) ?? current?.raw ?? null) : current.raw,
        polledAtMs: isLater ? polledAtMs : current.polledAtMs,
        polledMonotonicMs: isLater ? moment.monotonicMs - (moment.nowMs - polledAtMs) : current.polledMonotonicMs,
        windowStartMs: isNewer ? poll.windowStart : current.windowStartMs,
        fetchedAtMs: Math.max(polledAt, current?.fetchedAtMs ?? polledAt),
      })
      if (isNewer) {
        const { requestIdentity: identity, dataset, windowStart: startMs, windowEnd: endMs } = poll
        if (memory.emptySince === null || memory.emptyConfirmed) unconfirmed.delete(identity)
        else unconfirmed.set(identity, { identity, dataset, window: { startMs, endMs } })
      }
      const last = byDataset.get(poll.dataset)
      if (last === undefined || last.atMs <= polledAtMs)
        byDataset.set(poll.dataset, { atMs: polledAtMs, outcome: poll.outcome, windowStartMs: poll.windowStart })
      return isOlder
    },
    known: (identity) => byIdentity.get(identity),
    remembered: (identity) => {
      const state = byIdentity.get(identity)
      return state && { polledAt: state.fetchedAtMs, raw: state.raw }
    },
    lastPoll: (dataset) => byDataset.get(dataset),
    unconfirmed: () => unconfirmed.values(),
  }
}
