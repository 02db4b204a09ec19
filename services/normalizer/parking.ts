// Parks a dataset if too many of its answers are refused for reasons that suggest an error in our code or a changed
// format. Refusals of a single request never park its dataset, because the other requests still work.

import { type StoredRaw, suggestsCodeError } from '#core/explode-raw.ts'
import { parkedReason } from '#platform/kafka/dead-letter.ts'
import { dead, type Verdict } from '#platform/kafka/verdict.ts'
import { utcText } from '#platform/process/utc-text.ts'
import type { ParkedDatasets } from './parked-datasets.ts'

/**
 * A dataset is parked after `inARow` refusals in a row. It is also parked if more than the fraction `share` of its
 * newest `ofLast` answers was refused; this needs at least `atLeast` answers. Refusals of a single request identity
 * never park it.
 */
export interface ParkingLimit {
  inARow: number
  share: number
  ofLast: number
  atLeast: number
}

export const parkingLimit: ParkingLimit = { inARow: 20, share: 0.5, ofLast: 200, atLeast: 50 }

/** The recent results of a dataset, which decide whether it is parked. */
export interface Tally {
  /** The counted answers, oldest first. A refused answer is its request identity; an accepted answer is null. */
  readonly answers: readonly (string | null)[]
  /** By request identity: when the last counted refused answer was fetched, ms UTC. */
  readonly countedAtMs: ReadonlyMap<string, number>
}

export const emptyTally: Tally = { answers: [], countedAtMs: new Map() }

export interface JudgedAnswer {
  requestIdentity: string
  fetchedAt: number
  reason: string | undefined
}

/** Two refusals of a request identity count both only if they were fetched at least this long after each other, ms. */
const countEveryMs = 60 * 60 * 1_000
const maxRequests = 2_000

/** Adds one answer to a tally. Pure. Does not count refusals that upstream causes, such as a maintenance page. */
export function addToTally(
  tally: Tally,
  { requestIdentity, fetchedAt, reason }: JudgedAnswer,
  limit = parkingLimit,
): Tally {
  const after = (answer: string | null) => [...tally.answers, answer].slice(-Math.max(limit.ofLast, limit.inARow))
  if (reason === undefined) return { ...tally, answers: after(null) }
  if (!suggestsCodeError(reason)) return tally
  const lastMs = tally.countedAtMs.get(requestIdentity)
  if (lastMs !== undefined && fetchedAt < lastMs + countEveryMs) return tally
  const others = [...tally.countedAtMs].filter(([request]) => request !== requestIdentity)
  const countedAtMs = new Map([...others, [requestIdentity, fetchedAt] as const].slice(-maxRequests))
  return { answers: after(requestIdentity), countedAtMs }
}

/** Returns a sentence that names the exceeded limit. Returns undefined if no limit is exceeded. Pure. */
export function exceededLimit({ answers }: Tally, limit = parkingLimit): string | undefined {
  const inARow = answers.slice(answers.lastIndexOf(null) + 1)
  if (inARow.length >= limit.inARow && isOfSeveral(inARow)) return `${inARow.length} answers in a row were refused`
  const recent = answers.slice(-limit.ofLast)
  const refused = recent.filter((request) => request !== null)
  if (recent.length < limit.atLeast || refused.length <= limit.share * recent.length) return undefined
  return isOfSeveral(refused) ? `${refused.length} of the last ${recent.length} answers were refused` : undefined
}

const isOfSeveral = (requests: readonly (string | null)[]): boolean => new Set(requests).size > 1

export interface ParkingGuard {
  verdictOnParked: (dataset: string) => Verdict | undefined
  /**
   * Counts the verdict on an answer, once even if the answer is redelivered. Parks the dataset if a limit is exceeded.
   * @throws TransientError if Kafka does not take the parking record
   */
  count: (raw: StoredRaw, verdict: Verdict) => Promise<void>
}

const maxMessageChars = 500

export function createParkingGuard(
  { parked, park }: Pick<ParkedDatasets, 'parked' | 'park'>,
  by: string,
  nowMs: () => number,
  limit = parkingLimit,
): ParkingGuard {
  const tallies = new Map<string, Tally>()
  const countedTo = new Map<number, number>()
  return {
    verdictOnParked: (dataset) => {
      const parking = parked(dataset)
      if (parking === undefined) return undefined
      tallies.delete(dataset)
      return dead(parkedReason, `${dataset} is parked since ${utcText(parking.at)}: ${parking.message}`, dataset)
    },
    count: async ({ record, partition, offset }, verdict) => {
      const { dataset, requestIdentity, fetchedAt } = record
      const refusal = verdict.kind === 'dead' ? verdict : undefined
      if (Number(offset) > (countedTo.get(partition) ?? -1)) {
        countedTo.set(partition, Number(offset))
        const answer = { requestIdentity, fetchedAt, reason: refusal?.reason }
        tallies.set(dataset, addToTally(tallies.get(dataset) ?? emptyTally, answer, limit))
      }
      const why = exceededLimit(tallies.get(dataset) ?? emptyTally, limit)
      if (why === undefined || refusal === undefined) return
      const { reason } = refusal
      const message = `${why}; the last: ${reason}: ${refusal.message}`.slice(0, maxMessageChars)
      await park({ dataset, parked: true, reason, message, by, at: nowMs() })
    },
  }
}
