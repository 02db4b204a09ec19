import { hashText } from '../hash.ts'
import { borderOf, bordersOf } from './borders.ts'
import { businessDay, type DueTime, FIRST_DAY, hoursOf, MORNING } from './calendar.ts'
import type { Column } from './column.ts'

/** What upstream says of a dataset that has one row a period. */
export type JaoDataset = {
  /** Region and name as in the path: core.maxExchanges. */
  readonly name: string
  /** Below the host, in upstream's own spelling; asked for in any case. */
  readonly path: string
  readonly firstDay: string
  readonly due: DueTime
  /** From the delivery of this day on a row is a quarter of an hour; hourly before, and for ever where it is absent. */
  readonly quarterHoursSince?: string
  /** How many decimals values are printed with: JAO prints ten, one or none. */
  readonly decimals: number
  /** Whether rows tell when they were written. */
  readonly lastModifiedOn?: boolean
  /** Whether the envelope counts the rows. */
  readonly totalRows?: boolean
  /** What its keys begin with. */
  readonly prefixes: readonly string[]
  readonly columnsOf: (day: string) => readonly Column[]
  /** A column that upstream has never named before, by its key. */
  readonly newColumn: (key: string) => Column
  /** Added to the seed: datasets draw apart. */
  readonly salt: number
}

const QUARTERS = [0, 15, 30, 45].map((minutes) => minutes * 60_000)

/** Core's MaxBex, the first dataset: 132 or 150 borders, hourly to this day. */
export const maxExchanges: JaoDataset = {
  name: 'core.maxExchanges',
  path: '/core/api/data/maxExchanges',
  firstDay: FIRST_DAY,
  due: MORNING,
  decimals: 10,
  prefixes: ['border_'],
  columnsOf: bordersOf,
  newColumn: borderOf,
  salt: 0,
}

/** What sets a dataset's draws apart from those of all others. */
export const saltOf = (name: string): number => hashText(name)

/** The starts of the rows of a business day, ms. */
export function rowStarts({ quarterHoursSince }: Pick<JaoDataset, 'quarterHoursSince'>, day: string): number[] {
  const hours = hoursOf(businessDay(day))
  const hourly = quarterHoursSince === undefined || day < quarterHoursSince
  return hourly ? hours : hours.flatMap((hourMs) => QUARTERS.map((laterMs) => hourMs + laterMs))
}
