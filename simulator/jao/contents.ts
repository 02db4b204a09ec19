import type { Column } from './column.ts'
import { type JaoDataset, maxExchanges, rowStarts } from './dataset.ts'
import type { Edit, Publication } from './publications.ts'
import { drawnValue, redrawnValue } from './values.ts'

/** The content of a publication. `hoursMs` are the starts of the rows, `values[row][column]` the cells. */
export type Contents = {
  readonly hoursMs: readonly number[]
  readonly columns: readonly Column[]
  readonly values: readonly (readonly (number | null)[])[]
}

type Table = { hoursMs: number[]; columns: Column[]; values: (number | null)[][] }

export function contentsOf(
  seed: number,
  { day, draws, edits }: Publication,
  dataset: JaoDataset = maxExchanges,
): Contents {
  const hoursMs = rowStarts(dataset, day)
  const columns = [...dataset.columnsOf(day)]
  const values = hoursMs.map((hourMs) => columns.map((column) => drawnValue(seed, column, hourMs, draws)))
  const table: Table = { hoursMs, columns, values }
  balance(table)
  for (const edit of edits) apply(seed, draws, table, edit, dataset)
  return table
}

function apply(seed: number, draws: number, table: Table, edit: Edit, dataset: JaoDataset): void {
  if (edit.verb === 'revise') revise(seed, table, edit)
  else if (edit.verb === 'vanishHour') vanishHour(table, edit.hourMs)
  else if (edit.verb === 'vanishKey') vanishKey(table, edit.key)
  else if (edit.verb === 'addKey') addKey(seed, draws, table, dataset.newColumn(edit.key))
}

/** Sets values to `edit.value`, even if rows are then not balanced. Without `edit.value`, draws values that are. */
function revise(seed: number, table: Table, edit: Extract<Edit, { verb: 'revise' }>): void {
  table.hoursMs.forEach((hourMs, hour) => {
    if (edit.hourMs !== undefined && edit.hourMs !== hourMs) return
    table.values[hour] = (table.values[hour] ?? []).map((value, at) => {
      const column = table.columns[at]
      if (column === undefined || (edit.key !== undefined && edit.key !== column.key)) return value
      return edit.value === undefined ? redrawnValue(seed, column, hourMs, edit.salt, value) : edit.value
    })
  })
  if (edit.value === undefined) balance(table)
}

/**
 * Computes the columns with `minus`, which are the negative sum of others, and adds integers for that, to avoid rounding
 * errors. Of two opposite columns, sets the smaller value to 0.
 */
function balance({ columns, values }: Table): void {
  columns.forEach(({ opposite }, at) => {
    const back = opposite === undefined ? -1 : columns.findIndex(({ key }) => key === opposite)
    if (back < at) return
    for (const row of values) row[(row[at] ?? 0) < (row[back] ?? 0) ? at : back] = 0
  })
  columns.forEach(({ minus, scale = 1 }, at) => {
    if (minus === undefined) return
    const others = columns.flatMap(({ key }, other) => (minus.includes(key) ? [other] : []))
    for (const row of values) {
      const sum = others.reduce((total, other) => total + Math.round((row[other] ?? 0) * scale), 0)
      row[at] = (0 - sum) / scale
    }
  })
}

function vanishHour(table: Table, hourMs: number): void {
  const hour = table.hoursMs.indexOf(hourMs)
  if (hour < 0) return
  table.hoursMs.splice(hour, 1)
  table.values.splice(hour, 1)
}

function vanishKey(table: Table, key: string): void {
  const column = table.columns.findIndex((known) => known.key === key)
  if (column < 0) return
  table.columns.splice(column, 1)
  for (const row of table.values) row.splice(column, 1)
}

function addKey(seed: number, draws: number, table: Table, column: Column): void {
  if (table.columns.some(({ key }) => key === column.key)) return
  const after = table.columns.findIndex((other) => other.key > column.key)
  const at = after < 0 ? table.columns.length : after
  table.columns.splice(at, 0, column)
  table.values.forEach((row, hour) => {
    row.splice(at, 0, drawnValue(seed, column, table.hoursMs[hour] ?? 0, draws))
  })
}
