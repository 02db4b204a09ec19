import { mix } from '../hash.ts'
import { businessDay, daysWithin, FIRST_DAY, hoursOf, MORNING } from './calendar.ts'
import { saltOf } from './dataset.ts'
import { CORE_HUBS, type DomainDataset, domainRow, firstIdOf, NORDIC_HUBS } from './domain-row.ts'
import type { Command, Publication } from './publications.ts'
import { createTimeline, type Timeline } from './timeline.ts'

export const domainDatasets: readonly DomainDataset[] = [
  {
    name: 'core.finalComputation',
    path: '/core/api/data/finalComputation',
    firstDay: FIRST_DAY,
    due: MORNING,
    rows: 12_770,
    hubs: CORE_HUBS,
    limiting: 'presolved',
    lastModifiedOn: false,
    salt: saltOf('core.finalComputation'),
  },
  {
    name: 'nordic.finalComputation',
    path: '/nordic/api/data/finalComputation',
    firstDay: '2024-10-30',
    due: { from: '09:20', daysLater: 0 },
    rows: 904,
    hubs: NORDIC_HUBS,
    limiting: 'nonRedundant',
    lastModifiedOn: true,
    salt: saltOf('nordic.finalComputation'),
  },
]

type PublishedHour = { readonly hourMs: number; readonly publication: Publication; readonly rows: number }

/** A dataset of constraints. Stores only /simulator/command calls. Computes rows on every request. */
export type Domain = Pick<Timeline, 'command' | 'commands' | 'inForce'> & {
  readonly dataset: DomainDataset
  count(fromMs: number, toMs: number, atMs: number): number
  page(fromMs: number, toMs: number, atMs: number, skip: number, take: number): Iterable<string>
  history(day: string): (Publication & { firstId: number })[]
}

export function createDomain(given: number, commands: readonly Command[], dataset: DomainDataset): Domain {
  const seed = given ^ dataset.salt
  const timeline = createTimeline(seed, dataset)
  for (const earlier of commands) timeline.command(earlier)

  const hoursWithin = (fromMs: number, toMs: number, atMs: number): PublishedHour[] =>
    daysWithin(fromMs, toMs, dataset.firstDay).flatMap((day) => {
      const publication = timeline.inForce(day.day, atMs)
      if (publication === undefined) return []
      return hoursOf(day)
        .filter((hourMs) => hourMs >= fromMs && hourMs < toMs)
        .map((hourMs) => ({ hourMs, publication, rows: rowsOf(seed, dataset, hourMs) }))
    })

  return {
    dataset,
    count: (fromMs, toMs, atMs) => hoursWithin(fromMs, toMs, atMs).reduce((sum, { rows }) => sum + rows, 0),
    *page(fromMs, toMs, atMs, skip, take) {
      let before = 0
      for (const { hourMs, publication, rows } of hoursWithin(fromMs, toMs, atMs)) {
        const last = Math.min(rows, skip + take - before)
        for (let row = Math.max(0, skip - before); row < last; row++) {
          yield domainRow(seed, dataset, { hourMs, row, rows }, publication)
        }
        before += rows
      }
    },
    inForce: timeline.inForce,
    history: (day) => {
      const [hourMs = 0] = hoursOf(businessDay(day))
      return timeline.publications(day).map((each) => ({ ...each, firstId: firstIdOf(hourMs, each.revision) }))
    },
    command: timeline.command,
    commands: timeline.commands,
  }
}

/** Returns the number of rows of an hour. It is even, because constraints come in pairs. */
function rowsOf(seed: number, { rows }: DomainDataset, hourMs: number): number {
  const spread = Math.floor(rows / 50)
  return 2 * Math.round((rows - spread / 2 + (mix(seed, Math.floor(hourMs / 3_600_000), 11) % (spread + 1))) / 2)
}
