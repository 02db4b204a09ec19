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
}

/** The newest poll of a dataset, for the status. */
export interface LastPoll {
  atMs: number
  outcome: string
  windowStartMs: number
}

/** All that the records of `polls` say, folded record by record; reading a record twice changes nothing. */
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

/** An empty memory. Times in the future (the clock stepped back since) count as now. */
export function createMemory(): Memory {
  const byIdentity = new Map<string, Known>()
  const byDataset = new Map<string, LastPoll>()
  return {
    remember(poll, moment) {
      const current = byIdentity.get(poll.requestIdentity)
      const polledAtMs = Math.min(poll.fetchedAt, moment.nowMs)
      const polledSteadyMs = moment.steadyMs - (moment.nowMs - polledAtMs)
      const newer = current === undefined || supersedes(poll.memory, current.memory)
      byIdentity.set(poll.requestIdentity, {
        memory: newer ? poll.memory : current.memory,
        host: newer ? poll.host : current.host,
        polledAtMs: Math.max(polledAtMs, current?.polledAtMs ?? polledAtMs),
        polledSteadyMs: Math.max(polledSteadyMs, current?.polledSteadyMs ?? polledSteadyMs),
      })
      const last = byDataset.get(poll.dataset)
      if (last !== undefined && last.atMs > poll.fetchedAt) return
      byDataset.set(poll.dataset, { atMs: poll.fetchedAt, outcome: poll.outcome, windowStartMs: poll.windowStart })
    },
    known: (identity) => byIdentity.get(identity),
    lastPoll: (dataset) => byDataset.get(dataset),
  }
}

/**
 * Whether a record's memory counts before the one held. The greatest last-good time wins, not the greatest offset: a
 * second poller that was slow writes old memory late. Between two good answers failures only grow.
 */
export function supersedes(memory: PollMemory, held: PollMemory): boolean {
  const goodAt = memory.lastGoodFetchedAt ?? Number.NEGATIVE_INFINITY
  const heldGoodAt = held.lastGoodFetchedAt ?? Number.NEGATIVE_INFINITY
  return goodAt === heldGoodAt ? memory.failures >= held.failures : goodAt > heldGoodAt
}
