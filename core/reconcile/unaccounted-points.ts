import { database, readRows, type Store } from '#platform/clickhouse/client.ts'
import { datasetsByName } from '../datasets.ts'
import { checkScope, emptyTally, type Tally } from './check-scope.ts'

/**
 * Compares the accepted answers that were stored first in [storedFromMs, storedToMs), ms UTC, with the rows of their
 * points. For a service that checks all the time: it reads only these answers, and the rows of their datasets, windows
 * and known_at. An answer is visible some milliseconds after its `stored_at`, so end the span some seconds in the past.
 * Points of slices that the store refused count as missing: only their dead letters tell them apart. Returns a tally of
 * each dataset that has such answers and is compared at all.
 */
export async function unaccountedPoints(
  store: Store,
  { storedFromMs, storedToMs }: { storedFromMs: number; storedToMs: number },
): Promise<Tally[]> {
  const stored = { fromMs: storedFromMs, toMs: storedToMs }
  const datasets = await readRows<StoredSpan>(
    store,
    `SELECT dataset,
       toUnixTimestamp64Milli(min(known_at)) AS knownFromMs,
       toUnixTimestamp64Milli(max(known_at)) AS knownToMs,
       toUnixTimestamp64Milli(min(window_start)) AS timesFromMs,
       toUnixTimestamp64Milli(max(window_end)) AS timesToMs
     FROM ${database}.stored_answers
     WHERE stored_at >= fromUnixTimestamp64Milli({fromMs:Int64}, 'UTC')
       AND stored_at < fromUnixTimestamp64Milli({toMs:Int64}, 'UTC')
     GROUP BY dataset ORDER BY dataset`,
    stored,
  )
  const tallies: Tally[] = []
  for (const { dataset, knownFromMs, knownToMs, timesFromMs, timesToMs } of datasets) {
    if (!isCompared(dataset)) continue
    const tally = emptyTally(dataset)
    const known = { fromMs: knownFromMs, toMs: knownToMs }
    const times = { fromMs: timesFromMs, toMs: timesToMs }
    await checkScope(store, { dataset, known, times, stored }, tally)
    tallies.push(tally)
  }
  return tallies
}

interface StoredSpan {
  dataset: string
  knownFromMs: number
  knownToMs: number
  timesFromMs: number
  timesToMs: number
}

/** Returns false if `points` of an answer counts records of the source's own, or the rows of its pages. */
export function isCompared(name: string): boolean {
  const { dataset } = datasetsByName.get(name) ?? {}
  return dataset?.records === undefined && dataset?.asking?.pages === undefined
}
