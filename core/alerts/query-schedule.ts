// How often queries of rules are asked, so that each owner takes no more than a share of the store's time. All is pure.

/** A query, and what its last run cost. */
export interface QueryLoad {
  owner: string
  /** How often it is asked as far as its owner's share allows, ms. */
  everyMs: number
  /** When it was begun last, ms; null: never. */
  startedMs: number | null
  /** How long its last run took, ms. */
  tookMs: number
}

/**
 * Returns by owner how many times longer than asked its queries wait. 1: as asked. A query that takes 3 s of every 60 s is
 * 0.05 of the store's time; with two of them and a share of 0.05, both wait twice as long.
 */
export function stretchByOwner(loads: readonly QueryLoad[], share: number): Map<string, number> {
  const taken = new Map<string, number>()
  for (const { owner, everyMs, tookMs } of loads) taken.set(owner, (taken.get(owner) ?? 0) + tookMs / everyMs)
  return new Map([...taken].map(([owner, part]) => [owner, Math.max(1, part / share)]))
}

/** Returns when a query is asked next, ms. One that was never asked is asked at once. */
export const nextRunMs = ({ startedMs, everyMs }: QueryLoad, stretch: number): number =>
  startedMs === null ? Number.NEGATIVE_INFINITY : startedMs + everyMs * stretch

/**
 * Returns the queries that are to be begun now, the one that waits longest first. An owner's queries run one after the
 * other. @param running those that run now
 */
export function dueQueries<Query extends QueryLoad>(
  queries: readonly Query[],
  {
    running,
    share,
    nowMs,
    maxRunning,
  }: { running: ReadonlySet<Query>; share: number; nowMs: number; maxRunning: number },
): Query[] {
  const stretch = stretchByOwner(queries, share)
  const nextOf = (query: Query): number => nextRunMs(query, stretch.get(query.owner) ?? 1)
  const busy = new Set([...running].map(({ owner }) => owner))
  const due: Query[] = []
  const waiting = queries
    .filter((query) => nextOf(query) <= nowMs)
    .toSorted((one, other) => nextOf(one) - nextOf(other))
  for (const query of waiting) {
    if (running.size + due.length >= maxRunning) break
    if (busy.has(query.owner)) continue
    busy.add(query.owner)
    due.push(query)
  }
  return due
}
