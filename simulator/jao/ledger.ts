import { addDays, dayAt } from './calendar.ts'
import type { Publication } from './publications.ts'

/** Assigns the ids of rows. Ids count up through all publications in the order of publishing. */
export type Ledger = {
  /** Returns true if the ledger has counted all publications before this one. */
  reaches(publication: Publication): boolean
  firstId(publication: Publication): number
}

/** Counts all rows published until the local day of `atMs` ends. Later publications do not change an id. Pure. */
export function ledgerAt(
  atMs: number,
  publicationsOf: (day: string) => readonly Publication[],
  commandedDays: Iterable<string>,
  firstDay: string,
  rowCount: (publication: Publication) => number,
): Ledger {
  // The last delivery day to count, because every dataset is first published on the day before delivery, or later.
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
