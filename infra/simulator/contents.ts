import { type Border, bordersOf, newBorder } from './borders.ts'
import { businessDay, hoursOf } from './calendar.ts'
import type { Edit, Publication } from './publications.ts'
import { redrawnMw, valueMw } from './values.ts'

/** What a publication says: `values[hour][border]` in MW, null where upstream gives no value. Borders by key. */
export type Contents = {
  readonly hoursMs: readonly number[]
  readonly borders: readonly Border[]
  readonly values: readonly (readonly (number | null)[])[]
}

type Table = { hoursMs: number[]; borders: Border[]; values: (number | null)[][] }

/** The content of a publication: drawn for the whole day, then each edit in the order of the commands. Pure. */
export function contentsOf(seed: number, { day, draws, edits }: Publication): Contents {
  const hoursMs = hoursOf(businessDay(day))
  const borders = [...bordersOf(day)]
  const values = hoursMs.map((hourMs) => borders.map((border) => valueMw(seed, border, hourMs, draws)))
  const table: Table = { hoursMs, borders, values }
  for (const edit of edits) apply(seed, draws, table, edit)
  return table
}

function apply(seed: number, draws: number, table: Table, edit: Edit): void {
  if (edit.verb === 'revise') revise(seed, table, edit)
  else if (edit.verb === 'vanishHour') vanishHour(table, edit.hourMs)
  else if (edit.verb === 'vanishKey') vanishKey(table, edit.key)
  else if (edit.verb === 'addKey') addKey(seed, draws, table, edit.key)
}

function revise(seed: number, table: Table, edit: Extract<Edit, { verb: 'revise' }>): void {
  table.hoursMs.forEach((hourMs, hour) => {
    if (edit.hourMs !== undefined && edit.hourMs !== hourMs) return
    table.values[hour] = (table.values[hour] ?? []).map((value, column) => {
      const border = table.borders[column]
      if (border === undefined || (edit.key !== undefined && edit.key !== border.key)) return value
      return edit.value === undefined ? redrawnMw(seed, border, hourMs, edit.salt, value) : edit.value
    })
  })
}

function vanishHour(table: Table, hourMs: number): void {
  const hour = table.hoursMs.indexOf(hourMs)
  if (hour < 0) return
  table.hoursMs.splice(hour, 1)
  table.values.splice(hour, 1)
}

function vanishKey(table: Table, key: string): void {
  const column = table.borders.findIndex((border) => border.key === key)
  if (column < 0) return
  table.borders.splice(column, 1)
  for (const row of table.values) row.splice(column, 1)
}

function addKey(seed: number, draws: number, table: Table, key: string): void {
  if (table.borders.some((border) => border.key === key)) return
  const border = newBorder(key)
  const after = table.borders.findIndex((other) => other.key > key)
  const column = after < 0 ? table.borders.length : after
  table.borders.splice(column, 0, border)
  table.values.forEach((row, hour) => {
    row.splice(column, 0, valueMw(seed, border, table.hoursMs[hour] ?? 0, draws))
  })
}
