import { addDays, dayAt } from './calendar.ts'
import type { Publication } from './publications.ts'

/** Assigns the ids of rows, which count up through all publications in order of publishing. */
export type Ledger = {
  /** Returns true if every earlier publication was counted. */
  reaches(publication: Publication): boolean
  firstId(publication: Publication): number
}

/** Counts rows up to the end of the local day of `atMs`. Pure. Later publications do not change an id. */
export function ledgerAt(
  atMs: number,
  publicationsOf: (day: string) => readonly Publication[],
  commandedDays: Iterable<string>,
  firstDay: string,
  rowCount: (publication: Publication) => number,
): Ledger {
  // No dataset is published earlier than on the day before delivery.
  const lastDay = addDays(dayAt(atMs), 2)
  const days = new Set<string>(commandedDays)
  for (let day = firstDay; day <= lastDay; day = addDays(day, 1)) days.add(day)
  const all = [...days].flatMap(publicationsOf).sort(byMoment)
  const firstIds = new Map<string, number>()
  let id = 1
  for (const publication of all) {
    firstIds.set(name(publication), id)
    id += rowCount(publication)
  }
  return {
    reaches: ({ publishedAtMs }) => publishedAtMs <= atMs || dayAt(publishedAtMs) <= dayAt(atMs),
    firstId: (publication) => firstIds.get(name(publication)) ?? id,
  }
}

function byMoment(one: Publication, other: Publication): number {
  return one.publishedAtMs - other.publishedAtMs || (one.day < other.day ? -1 : 1) || one.revision - other.revision
}

function name({ day, revision }: Publication): string {
  return `${day} ${revision}`
}
