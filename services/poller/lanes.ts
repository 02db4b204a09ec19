import type { RequestBudget } from '#sources/source.ts'
import type { Candidate, Lane } from './candidate.ts'

export interface InFlight {
  identity: string
  dataset: string
  lane: Lane
}

const laneOrder: Record<Lane, number> = { live: 0, requested: 1, background: 2 }

/**
 * Returns the candidate to send next. Returns undefined if no candidate is due, or no due one may take one of the
 * `maxInFlight` places. Pure. The lane decides first (live, requested, background), then the dataset with fewer
 * requests in flight. Then windows without a good answer come first, newest first. The other windows follow, longest
 * overdue first. A dataset leaves one place free for each other dataset of the host, at most two. The lanes requested
 * and background leave one place free for lane live. A window in pages keeps its place until its last page.
 */
export function nextToSend(
  candidates: readonly Candidate[],
  inFlight: readonly InFlight[],
  budget: RequestBudget,
  datasetsOfHost: number,
): Candidate | undefined {
  if (inFlight.length >= budget.maxInFlight) return undefined
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

function compare(one: Candidate, other: Candidate, busier: number): number {
  const byLane = laneOrder[one.lane] - laneOrder[other.lane]
  if (byLane !== 0) return byLane
  if (busier !== 0) return busier
  if (one.first !== other.first) return one.first ? -1 : 1
  return one.first ? other.window.startMs - one.window.startMs : one.dueInMs - other.dueInMs
}

/**
 * Returns the page to request before `next`. Returns undefined if no page waits or if `next` goes first. Pure. The lane
 * decides first, as in nextToSend(). In the same lane, the page goes first unless its dataset has more other windows in
 * flight than the dataset of `next`.
 */
export function nextPage<Turn extends { entry: InFlight }>(
  turns: readonly Turn[],
  next: Candidate | undefined,
  inFlight: readonly InFlight[],
): Turn | undefined {
  const [first] = turns.toSorted((one, other) => laneOrder[one.entry.lane] - laneOrder[other.entry.lane])
  if (first === undefined || next === undefined) return first
  const byLane = laneOrder[first.entry.lane] - laneOrder[next.lane]
  if (byLane !== 0) return byLane < 0 ? first : undefined
  const windowsOf = (dataset: string): number => inFlight.filter((entry) => entry.dataset === dataset).length
  return windowsOf(first.entry.dataset) - 1 <= windowsOf(next.dataset.name) ? first : undefined
}
