import type { Poll, PollMemory } from '#schemas/generated/records.ts'
import type { Moment } from './candidate.ts'

/** What is known of one request identity. */
export interface Known {
  memory: PollMemory
  /** The host that the memory comes from; validators are of no use at another. */
  host: string
  /** When it was last polled, whatever came of it: by the clock, and by the steady clock. */
  polledAtMs: number
  polledSteadyMs: number
  /** Start of the newest poll's window: of an identity without a window the last tick. */
  windowStartMs: number
}

/** `fetchedAtMs`: the greatest of all its polls, also where that lies ahead of the clock. */
type Remembered = Known & { fetchedAtMs: number }

/** The newest poll of a dataset, for the status. */
export interface LastPoll {
  atMs: number
  outcome: string
  windowStartMs: number
}

/** All that the records of `polls` say, folded record by record; reading a record twice, or late, changes nothing. */
export interface Memory {
  remember: (poll: Poll, moment: Moment) => void
  known: (identity: string) => Known | undefined
  lastPoll: (dataset: string) => LastPoll | undefined
}

/** A request identity that was never asked. */
export const noMemory: PollMemory = {
  lastGoodFetchedAt: null,
  lastGoodHash: null,
  etag: null,
  lastModified: null,
  lastChangedAt: null,
  completeness: null,
  hadRows: false,
  failures: 0,
}

/**
 * An empty memory. Polls in the future (the clock stepped back since) count as made now.
 *
 * @param fromTheFuture told of the first record of each identity whose last-good time no clock can have shown
 */
export function createMemory(fromTheFuture: (poll: Poll) => void): Memory {
  const byIdentity = new Map<string, Remembered>()
  const byDataset = new Map<string, LastPoll>()
  const told = new Set<string>()
  return {
    remember(poll, moment) {
      const memory = believed(poll.memory, moment.nowMs)
      if (isAhead(poll.memory, moment.nowMs) && !told.has(poll.requestIdentity)) {
        told.add(poll.requestIdentity)
        fromTheFuture(poll)
      }
      const current = byIdentity.get(poll.requestIdentity)
      const isNewer = current === undefined || supersedes(memory, current.memory)
      // A poll that was read before is neither; nor is a late one, which was polled before the newest.
      if (!isNewer && poll.fetchedAt <= current.fetchedAtMs) return
      const polledAtMs = Math.min(poll.fetchedAt, moment.nowMs)
      const isLater = current === undefined || polledAtMs > current.polledAtMs
      byIdentity.set(poll.requestIdentity, {
        memory: isNewer ? memory : current.memory,
        host: isNewer ? poll.host : current.host,
        polledAtMs: isLater ? polledAtMs : current.polledAtMs,
        polledSteadyMs: isLater ? moment.steadyMs - (moment.nowMs - polledAtMs) : current.polledSteadyMs,
        windowStartMs: isNewer ? poll.windowStart : current.windowStartMs,
        fetchedAtMs: Math.max(poll.fetchedAt, current?.fetchedAtMs ?? poll.fetchedAt),
      })
      const last = byDataset.get(poll.dataset)
      if (last !== undefined && last.atMs > polledAtMs) return
      byDataset.set(poll.dataset, { atMs: polledAtMs, outcome: poll.outcome, windowStartMs: poll.windowStart })
    },
    known: (identity) => byIdentity.get(identity),
    lastPoll: (dataset) => byDataset.get(dataset),
  }
}

/** A clock may step back so far, ms, and each answer is still known after the one before. */
const longestStepBackMs = 24 * 60 * 60 * 1_000

/** From 7 February 2106 on the store takes no known_at (migration 0001), ms. */
export const storeEndsAtMs = 2 ** 32 * 1_000

/**
 * A memory with a last-good time that may be built upon: as it is, unless that lies more than a day ahead of the clock.
 * Then some clock ran ahead once, and every later answer would inherit its time. The newest answer in raw takes its
 * place, however far ahead: the store shows the greatest known_at, so an answer known before it would never be seen,
 * which is worse than one known too late. An answer beyond what the store takes is in nobody's way: all is forgotten
 * but that there were rows, and the next answer is a first one. Pure.
 */
export function believed(memory: PollMemory, nowMs: number): PollMemory {
  const { lastGoodFetchedAt, lastChangedAt, hadRows } = memory
  if (lastGoodFetchedAt === null || !isAhead(memory, nowMs)) return memory
  if (lastChangedAt === null || lastChangedAt >= storeEndsAtMs) return { ...noMemory, hadRows }
  return { ...memory, lastGoodFetchedAt: Math.min(lastChangedAt, lastGoodFetchedAt) }
}

const isAhead = ({ lastGoodFetchedAt }: PollMemory, nowMs: number): boolean =>
  lastGoodFetchedAt !== null && lastGoodFetchedAt > nowMs + longestStepBackMs

/**
 * Whether a record's memory is newer than the one held. The greatest last-good time wins, not the greatest offset: a
 * second poller that was slow writes old memory late. Between two good answers failures only grow.
 */
function supersedes(memory: PollMemory, held: PollMemory): boolean {
  const goodAt = memory.lastGoodFetchedAt ?? Number.NEGATIVE_INFINITY
  const heldGoodAt = held.lastGoodFetchedAt ?? Number.NEGATIVE_INFINITY
  return goodAt === heldGoodAt ? memory.failures > held.failures : goodAt > heldGoodAt
}
