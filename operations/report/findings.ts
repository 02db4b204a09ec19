import { database, type Store } from '#platform/clickhouse/client.ts'
import { iso } from './calendar.ts'
import { ask, at, inSpan, ms, ofDataset, type Scope } from './facts.ts'

/** What a check across answers found. */
export interface FindingFact {
  dataset: string
  check: string
  key: string
  fromMs: number
  toMs: number
  evidence: Record<string, number>
}

/** The findings of a check in the span, and the one of them that begins last. */
export interface CheckFindings {
  check: string
  findings: number
  newest: { key: string; from: string; to: string; evidence: Record<string, number> }
}

/** Returns the findings that begin in the span, were found by `scope.atMs`, and were not withdrawn by then. In order of time. */
export const findingFacts = (store: Store, scope: Scope): Promise<FindingFact[]> =>
  ask(
    store,
    scope,
    `SELECT dataset, check, key, ${ms('from')} AS fromMs, ${ms('to')} AS toMs, evidence
      FROM (SELECT * FROM ${database}.quality_findings FINAL)
      WHERE found_at <= ${at} AND ifNull(withdrawn_at > ${at}, true) AND ${inSpan('from')} ${ofDataset(scope)}
      ORDER BY from, dataset, check, key`,
  )

/** Counts the findings of one dataset by check, in the order of the names. Pure. */
export const findingsByCheck = (facts: readonly FindingFact[]): CheckFindings[] =>
  [...Map.groupBy(facts, ({ check }) => check)]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .flatMap(([check, found]) => {
      const newest = found.at(-1)
      if (newest === undefined) return []
      const { key, fromMs, toMs, evidence } = newest
      return [{ check, findings: found.length, newest: { key, from: iso(fromMs), to: iso(toMs), evidence } }]
    })

/** Returns a function that counts the findings of one dataset that begin in a window. Pure. */
export function findingsWithin(facts: readonly FindingFact[]): (window: { startMs: number; endMs: number }) => number {
  const starts = facts.map(({ fromMs }) => fromMs).toSorted((one, other) => one - other)
  const before = (ms: number): number => {
    let [low, high] = [0, starts.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((starts[middle] ?? ms) < ms) low = middle + 1
      else high = middle
    }
    return low
  }
  return ({ startMs, endMs }) => before(endMs) - before(startMs)
}
