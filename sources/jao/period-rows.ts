// Datasets with one row per period and one column per series: maxExchanges, netPos and others.

import { contradictions, sliceByFlags } from '../answers/checks.ts'
import { rejectionOf } from '../answers/refusal.ts'
import type { Answer, Coverage, ExplodeResult, Refusal, Slice, Window } from '../source.ts'
import { type PeriodRows, type PeriodTable, readTable } from './period-table.ts'

/**
 * Returns `complete` if every step of the window has a row. Without `nullMeans`, each row must also have a value.
 * Returns a refusal if upstream rejected the request. @throws Error if explode refuses the answer for another reason
 */
export function assessPeriodRows(declared: PeriodRows, body: Uint8Array, window: Window): Coverage | Refusal {
  const { table, refusal } = readTable(declared, body, window)
  if (refusal) return rejectionOf(refusal)
  if (table === undefined) return 'empty'
  const periods = declared.nullMeans === undefined ? periodsWithValue(table) : table.periods
  return periods === table.grid.length ? 'complete' : 'partial'
}

function periodsWithValue({ columns, grid }: PeriodTable): number {
  const all = [...columns.values()]
  let periods = 0
  for (let place = 0; place < grid.length; place++) if (all.some((column) => column[place] !== null)) periods++
  return periods
}

/**
 * Returns the slices of each key, which cover the whole window. A key has several slices if a check flags some of its
 * steps. The value of a missing row or cell is null.
 */
export function explodePeriodRows(declared: PeriodRows, { body, window }: Answer): ExplodeResult {
  const { table, refusal, ignored } = readTable(declared, body, window)
  if (refusal) return { slices: [], refusal, ignored }
  return { slices: table === undefined ? [] : toSlices(declared, table, window), ignored }
}

function toSlices({ checks, plausible }: PeriodRows, table: PeriodTable, window: Window): Slice[] {
  const { columns, grid, modifiedMs } = table
  const contradicting = contradictions(checks, columns, window)
  const modified = modifiedMs === undefined ? {} : { upstreamModifiedAtMs: modifiedMs }
  const slices: Slice[] = []
  for (const [key, values] of columns) {
    const flags = grid.changed ? ['step-changed'] : []
    if (plausible !== undefined && hasBeyond(values, plausible)) flags.push('implausible')
    const slice: Slice = { key, startMs: window.startMs, stepS: grid.stepS, values, flags, ...modified }
    const flagsOfSteps = contradicting.get(key)
    if (flagsOfSteps === undefined) slices.push(slice)
    else slices.push(...sliceByFlags(slice, flagsOfSteps))
  }
  return slices
}

function hasBeyond(values: readonly (number | null)[], { min, max }: { min: number; max: number }): boolean {
  for (const value of values) if (value !== null && (value < min || value > max)) return true
  return false
}
