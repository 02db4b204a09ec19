import type { Kept } from '#catalogue/export/promises.ts'
import { addDays, dayAt } from '#core/business-day.ts'
import type { SourcedDataset } from '#core/datasets.ts'
import type { Store } from '#platform/clickhouse/client.ts'
import { iso } from '../report/calendar.ts'
import type { CompletenessClass } from '../report/classes.ts'
import { type FirstComplete, firstComplete, type Scope, type WindowRow, windowRows } from '../report/facts.ts'
import { punctualityOf } from '../report/punctuality.ts'
import { declaredDatasets, spansOf } from '../report/report.ts'
import { readSettled } from '../report/settled.ts'
import { zoneClock } from '../report/zone-clock.ts'

const keptDays = 30
const dayMs = 24 * 3_600_000

export interface KeptRequest {
  /** Null: all datasets that have windows or ticks. */
  dataset: string | null
  /** The pollers' clock, ms UTC. */
  nowMs: number
  upstream: Kept['upstream']
}

/**
 * Reads what became of the last 30 local days, today included, as it was known at the settled instant. Datasets of files
 * have no windows, and are not in the result. Asks the store four times at the most. @throws an error of the store
 */
export async function readKept(store: Store, { dataset, nowMs, upstream }: KeptRequest): Promise<Map<string, Kept>> {
  const { atMs } = await readSettled(store, nowMs)
  const declared = declaredDatasets(dataset)
  const spans = new Map(declared.flatMap((each) => [...spansOf([each], ...keptSpan(each, atMs))]))
  const scope: Scope = {
    ...{ atMs, fromMs: atMs - (keptDays + 2) * dayMs, toMs: atMs + 2 * dayMs, dataset: dataset ?? undefined, spans },
  }
  const [windows, complete] = await Promise.all([windowRows(store, scope), firstComplete(store, scope)])
  return new Map(
    declared.map((each) => {
      const { name } = each.dataset
      const span = spans.get(name)
      const within = ({ startMs }: { startMs: number }): boolean =>
        span !== undefined && startMs >= span.fromMs && startMs < span.toMs
      const rows = (windows.get(name) ?? []).filter(within)
      const timed = complete.filter((row) => row.dataset === name && within({ startMs: row.windowStartMs }))
      return [name, { ...keptOf(each, rows, timed, atMs), upstream }]
    }),
  )
}

/** The last 30 local days, first and last. */
function keptSpan({ dataset: { calendar } }: SourcedDataset, atMs: number): [string, string] {
  const today = dayAt(calendar.zone, atMs)
  return [addDays(today, 1 - keptDays), today]
}

/** Counts windows or ticks. Pure. @param rows of the 30 days */
export function keptOf(
  sourced: SourcedDataset,
  rows: readonly WindowRow[],
  complete: readonly FirstComplete[],
  atMs: number,
): Omit<Kept, 'upstream'> {
  const { calendar } = sourced.dataset
  const [from, to] = keptSpan(sourced, atMs)
  const days = { at: iso(atMs), from, to }
  if (calendar.kind !== 'days') {
    const sum = (count: 'points' | 'expectedPoints'): number =>
      judged(rows).reduce((all, row) => all + (row[count] ?? 0), 0)
    const [expected, good] = [sum('expectedPoints'), sum('points')]
    return { ...days, of: 'ticks', expected, complete: good, partial: 0, late: expected - good, publication: null }
  }
  const due = judged(rows)
  const times = punctualityOf(complete, calendar, zoneClock(calendar.zone))
  return {
    ...days,
    of: 'windows',
    expected: due.length,
    complete: due.filter((row) => row.class === 'complete').length,
    partial: due.filter((row) => row.class === 'partial').length,
    late: due.filter((row) => wasLate(row, atMs)).length,
    publication: times && { windows: times.windows, p50: times.p50, p95: times.p95, latest: times.latest },
  }
}

const judgedClasses: ReadonlySet<CompletenessClass> = new Set(['complete', 'partial', 'retracted', 'late', 'lost'])

const judged = (rows: readonly WindowRow[]): WindowRow[] => rows.filter((row) => judgedClasses.has(row.class))

/** A window that is complete was late if it became so after the grace. A window without a deadline is never late. */
function wasLate(row: WindowRow, atMs: number): boolean {
  const { expectedByMs, lateAfterMs, latenessS, isWatched } = row
  if (!isWatched || expectedByMs === null || lateAfterMs === null) return false
  if (row.class === 'complete') return expectedByMs + (latenessS ?? 0) * 1_000 > lateAfterMs
  return (row.class === 'late' || row.class === 'partial') && lateAfterMs <= atMs
}
