import { type RawPlace, rawPlaceOf } from '#core/memory-records.ts'
import { believed, isAhead, supersedes } from '#core/poll-memory.ts'
import type { Poll, PollMemory } from '#schemas/generated/records.ts'
import type { Window } from '#sources/source.ts'
import type { ClockReading } from './candidate.ts'

/** What is known of one request identity. */
export interface KnownIdentity {
  memory: PollMemory
  /** The host that the memory comes from; validators are of no use at another. */
  host: string
  /** When it was last polled, whatever came of it: by the clock, and by the steady clock. */
  polledAtMs: number
  polledSteadyMs: number
  /** Start of the newest poll's window: of an identity without a window the last tick. */
  windowStartMs: number
}

/** What a record of the memory says besides its poll. */
export interface RememberedPlace {
  /** When the identity was last polled, ms. */
  polledAt: number
  /** Where its newest answer lies in raw. */
  raw: RawPlace | null
}

/** `fetchedAtMs`: the greatest of all its polls, also where that lies ahead of the clock. */
type State = KnownIdentity & { fetchedAtMs: number; raw: RawPlace | null }

/** A window that held rows and turned empty, which no answer has confirmed. */
export interface UnconfirmedWindow {
  identity: string
  dataset: string
  window: Window
}

/** The newest poll of a dataset, for the status. */
export interface LastPoll {
  atMs: number
  outcome: string
  windowStartMs: number
}

/** All that is known of identities, folded poll by poll; taking one twice, or late, changes nothing. */
export interface Memory {
  /**
   * Takes a poll: one of this process, or, with `read`, one that a record of the memory holds. Returns whether what is
   * known of the identity, from the same host, is newer than the poll's memory.
   */
  remember: (poll: Poll, moment: ClockReading, read?: RememberedPlace) => boolean
  known: (identity: string) => KnownIdentity | undefined
  /** Where the newest answer of an identity lies in raw, and when it was last polled, ms of whichever clock. */
  remembered: (identity: string) => RememberedPlace | undefined
  lastPoll: (dataset: string) => LastPoll | undefined
  unconfirmed: () => Iterable<UnconfirmedWindow>
}

/**
 * An empty memory. Polls in the future (the clock stepped back since) count as made now.
 *
 * @param fromTheFuture told of the first record of each identity whose last-good time no clock can have shown
 */
export function createMemory(fromTheFuture: (poll: Poll) => void): Memory {
  const byIdentity = new Map<string, State>()
  const byDataset = new Map<string, LastPoll>()
  const unconfirmed = new Map<string, UnconfirmedWindow>()
  const told = new Set<string>()
  return {
    remember(poll, moment, read) {
      const memory = believed(poll.memory, moment.nowMs)
      if (isAhead(poll.memory, moment.nowMs) && !told.has(poll.requestIdentity)) {
        told.add(poll.requestIdentity)
        fromTheFuture(poll)
      }
      const polledAt = Math.max(poll.fetchedAt, read?.polledAt ?? poll.fetchedAt)
      const current = byIdentity.get(poll.requestIdentity)
      const isNewer = current === undefined || supersedes(memory, current.memory)
      const isOlder = current !== undefined && current.host === poll.host && supersedes(current.memory, memory)
      // A poll that was read before is neither; nor is a late one, which was polled before the newest.
      if (!isNewer && polledAt <= current.fetchedAtMs) return isOlder
      const polledAtMs = Math.min(polledAt, moment.nowMs)
      const isLater = current === undefined || polledAtMs > current.polledAtMs
      byIdentity.set(poll.requestIdentity, {
        memory: isNewer ? memory : current.memory,
        host: isNewer ? poll.host : current.host,
        raw: isNewer ? ((read ? read.raw : rawPlaceOf(poll)) ?? current?.raw ?? null) : current.raw,
        polledAtMs: isLater ? polledAtMs : current.polledAtMs,
        polledSteadyMs: isLater ? moment.steadyMs - (moment.nowMs - polledAtMs) : current.polledSteadyMs,
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
