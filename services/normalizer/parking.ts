// When a dataset goes past its limit of refusals that are our fault: new code, or a format of upstream's that we do not
// know yet. Then looking at more of it only makes more dead letters. One request that is refused at every tick is not such
// a fault: the others go on beside it.

import { pointsAtUs, type StoredRaw } from '#core/explode-raw.ts'
import { parkedReason } from '#platform/kafka/dead-letter.ts'
import { dead, type Verdict } from '#platform/kafka/verdict.ts'
import { utcText } from '#platform/process/utc-text.ts'
import type { ParkedDatasets } from './parked-datasets.ts'

/** How much is too much. */
export interface ParkingLimit {
  /** So many refusals without an answer that went well in between. */
  inARow: number
  /** Or more than this share ... */
  share: number
  /** ... of this many answers, the newest ... */
  ofLast: number
  /** ... as soon as there are as many as this. */
  atLeast: number
}

export const parkingLimit: ParkingLimit = { inARow: 20, share: 0.5, ofLast: 200, atLeast: 50 }

/** How a dataset's newest answers went. */
export interface Tally {
  /** Those that count, oldest first: the request that was refused for a reason that points at us; null: it went well. */
  readonly answers: readonly (string | null)[]
  /** By request, which of its refused answers was counted last: when that was fetched, ms UTC. */
  readonly countedAtMs: ReadonlyMap<string, number>
}

export const emptyTally: Tally = { answers: [], countedAtMs: new Map() }

/** An answer, and what came of it. */
export interface JudgedAnswer {
  requestIdentity: string
  /** Ms UTC. */
  fetchedAt: number
  /** Why it was refused; undefined when it went well. */
  reason: string | undefined
}

/** A request counts once in so long, by the times when its answers were fetched. */
const countEveryMs = 60 * 60 * 1_000
/** So many requests are remembered: those that were counted last. More within an hour are possible only where most go well. */
const maxRequests = 2_000

/**
 * The tally after one more answer. Pure. Refusals that point at upstream (a maintenance page, a rejected request) count for
 * nothing; of the others each request counts at most once an hour.
 */
export function counted(
  tally: Tally,
  { requestIdentity, fetchedAt, reason }: JudgedAnswer,
  limit = parkingLimit,
): Tally {
  const after = (answer: string | null) => [...tally.answers, answer].slice(-Math.max(limit.ofLast, limit.inARow))
  if (reason === undefined) return { ...tally, answers: after(null) }
  if (!pointsAtUs(reason)) return tally
  const lastMs = tally.countedAtMs.get(requestIdentity)
  if (lastMs !== undefined && fetchedAt < lastMs + countEveryMs) return tally
  const others = [...tally.countedAtMs].filter(([request]) => request !== requestIdentity)
  const countedAtMs = new Map([...others, [requestIdentity, fetchedAt] as const].slice(-maxRequests))
  return { answers: after(requestIdentity), countedAtMs }
}

/** One sentence that says which limit was passed; undefined when none was, or by one request alone. Pure. */
export function pastLimit({ answers }: Tally, limit = parkingLimit): string | undefined {
  const inARow = answers.slice(answers.lastIndexOf(null) + 1)
  if (inARow.length >= limit.inARow && isOfSeveral(inARow)) return `${inARow.length} answers in a row were refused`
  const recent = answers.slice(-limit.ofLast)
  const refused = recent.filter((request) => request !== null)
  if (recent.length < limit.atLeast || refused.length <= limit.share * recent.length) return undefined
  return isOfSeveral(refused) ? `${refused.length} of the last ${recent.length} answers were refused` : undefined
}

/** A dataset that is parked for one request alone would be parked for all others. */
const isOfSeveral = (requests: readonly (string | null)[]): boolean => new Set(requests).size > 1

/** Guards each dataset's limit of refusals. */
export interface ParkingGuard {
  /** The verdict on an answer of a parked dataset, which nobody looks at; undefined when the dataset is not parked. */
  verdictOnParked: (dataset: string) => Verdict | undefined
  /**
   * Counts the verdict on an answer, and parks the dataset when it goes past its limit: acknowledged when this returns. An
   * answer that is judged again is counted once. Throws TransientError when Kafka does not take the parking.
   */
  count: (raw: StoredRaw, verdict: Verdict) => Promise<void>
}

const maxMessageChars = 500

/** @param by who parks, for the record */
export function createParkingGuard(
  { parked, park }: Pick<ParkedDatasets, 'parked' | 'park'>,
  by: string,
  limit = parkingLimit,
): ParkingGuard {
  const tallies = new Map<string, Tally>()
  const countedTo = new Map<number, number>()
  return {
    verdictOnParked: (dataset) => {
      const parking = parked(dataset)
      if (parking === undefined) return undefined
      // A dataset that is released begins anew.
      tallies.delete(dataset)
      return dead(parkedReason, `${dataset} is parked since ${utcText(parking.at)}: ${parking.message}`, dataset)
    },
    count: async ({ record, partition, offset }, verdict) => {
      const { dataset, requestIdentity, fetchedAt } = record
      const refusal = verdict.kind === 'dead' ? verdict : undefined
      if (Number(offset) > (countedTo.get(partition) ?? -1)) {
        countedTo.set(partition, Number(offset))
        const answer = { requestIdentity, fetchedAt, reason: refusal?.reason }
        tallies.set(dataset, counted(tallies.get(dataset) ?? emptyTally, answer, limit))
      }
      const why = pastLimit(tallies.get(dataset) ?? emptyTally, limit)
      if (why === undefined || refusal === undefined) return
      const { reason } = refusal
      const message = `${why}; the last: ${reason}: ${refusal.message}`.slice(0, maxMessageChars)
      await park({ dataset, parked: true, reason, message, by, at: Date.now() })
    },
  }
}
