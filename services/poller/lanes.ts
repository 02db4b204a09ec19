import type { RequestBudget } from '#sources/source.ts'
import type { Candidate, Lane } from './candidate.ts'

/** A request under way. */
export interface InFlight {
  identity: string
  dataset: string
  lane: Lane
}

const laneOrder: Record<Lane, number> = { live: 0, requested: 1, background: 2 }

/**
 * Which of the candidates is to be sent next, or undefined when none is due or none may go. Pure.
 * Live before requested before background; inside a lane first what was never had (newest window first), then what
 * waited longest. A place in flight is kept free for other datasets of the host, two where it has many, and one for the
 * live lane, so that a slow dataset delays no other and the past delays no search for tomorrow.
 */
export function nextToSend(
  candidates: readonly Candidate[],
  inFlight: readonly InFlight[],
  budget: RequestBudget,
  datasetsOfHost: number,
): Candidate | undefined {
  const busy = new Set(inFlight.map(({ identity }) => identity))
  const perDataset = Map.groupBy(inFlight, ({ dataset }) => dataset)
  const placesOfDataset = Math.max(1, budget.maxInFlight - Math.min(2, datasetsOfHost - 1))
  const placesOfThePast = Math.max(1, budget.maxInFlight - 1)
  const past = inFlight.filter(({ lane }) => lane !== 'live').length
  const fitting = candidates.filter(
    ({ identity, dataset, lane, dueInMs }) =>
      dueInMs <= 0 &&
      !busy.has(identity) &&
      (perDataset.get(dataset.name)?.length ?? 0) < placesOfDataset &&
      (lane === 'live' || past < placesOfThePast),
  )
  const waiting = (candidate: Candidate) => perDataset.get(candidate.dataset.name)?.length ?? 0
  return fitting.reduce<Candidate | undefined>((best, candidate) => {
    if (best === undefined) return candidate
    return compare(candidate, best, waiting(candidate) - waiting(best)) < 0 ? candidate : best
  }, undefined)
}

/** Negative when `one` goes before `other`. `busier`: how many more requests of one's dataset are under way. */
function compare(one: Candidate, other: Candidate, busier: number): number {
  const byLane = laneOrder[one.lane] - laneOrder[other.lane]
  if (byLane !== 0) return byLane
  if (busier !== 0) return busier
  if (one.first !== other.first) return one.first ? -1 : 1
  return one.first ? other.window.startMs - one.window.startMs : one.dueInMs - other.dueInMs
}
