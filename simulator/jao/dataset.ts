import { hashText } from '../hash.ts'
import { borderOf, bordersOf } from './borders.ts'
import { businessDay, type DueTime, FIRST_DAY, hoursOf, MORNING } from './calendar.ts'
import type { Column } from './column.ts'

export type JaoDataset = {
  readonly name: string
  /** Path of the dataset, as upstream spells it. Requests may use any case. */
  readonly path: string
  readonly firstDay: string
  readonly due: DueTime
  /** Delivery day of the first quarter-hourly rows. Absent: rows are always hourly. */
  readonly quarterHoursSince?: string
  /** Number of decimals that are printed. */
  readonly decimals: number
  readonly lastModifiedOn?: boolean
  readonly totalRows?: boolean
  readonly prefixes: readonly string[]
  readonly columnsOf: (day: string) => readonly Column[]
  /** Makes the column of a key that upstream has never used. */
  readonly newColumn: (key: string) => Column
  /** Added to the seed, so that datasets have different values. */
  readonly salt: number
}

const QUARTERS = [0, 15, 30, 45].map((minutes) => minutes * 60_000)

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

export const saltOf = (name: string): number => hashText(name)

export function rowStarts({ quarterHoursSince }: Pick<JaoDataset, 'quarterHoursSince'>, day: string): number[] {
  const hours = hoursOf(businessDay(day))
  const hourly = quarterHoursSince === undefined || day < quarterHoursSince
  return hourly ? hours : hours.flatMap((hourMs) => QUARTERS.map((laterMs) => hourMs + laterMs))
}
