// Datasets with one row per period and one column per series: maxExchanges, netPos and others.

import { contradictions, sliceByFlags } from '../answers/checks.ts'
import { isRefusal, quoteJson, refused, refuseUnexpectedNames, rejectionOf } from '../answers/refusal.ts'
import { iso, parseModifiedMs } from '../answers/times.ts'
import type { Answer, Check, Coverage, DeclaredStep, ExplodeResult, Refusal, Slice, Window } from '../source.ts'
import { type Grid, gridOf } from './grid.ts'
import { type Row, readRows } from './rows.ts'

export interface PeriodRows {
  steps: DeclaredStep[]
  keys: string
  keyPattern: RegExp
  /** The meaning of a published null, such as 'no limit'. A row of nulls is then a valid row. */
  nullMeans?: string | undefined
  /** Limit of keys in one answer. An answer with more keys is refused. */
  maxKeys: number
  plausible?: { min: number; max: number } | undefined
  checks: readonly Check[]
}

const columnsOfNoSeries = new Set(['id', 'dateTimeUtc', 'lastModifiedOn'])

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

function periodsWithValue({ columns, grid }: Table): number {
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

interface Table {
  grid: Grid
  columns: Map<string, Column>
  periods: number
  modifiedMs: number | undefined
}

function readTable(
  declared: PeriodRows,
  body: Uint8Array,
  window: Window,
): { table?: Table; refusal?: Refusal; ignored: Record<string, number> } {
  const read = readRows(body, window)
  if (isRefusal(read)) return { refusal: read, ignored: {} }
  const ignored: Record<string, number> = read.atWindowEnd > 0 ? { 'row-at-window-end': read.atWindowEnd } : {}
  if (read.rows.length === 0) return { ignored }
  const grid = gridOf(read.rows, window, declared.steps)
  if (isRefusal(grid)) return { refusal: grid, ignored }
  const columns = fillColumns(declared, read.rows, window, grid, ignored)
  if (!(columns instanceof Map)) return { refusal: columns, ignored }
  if (columns.size === 0) return { refusal: noKey(declared, read.rows), ignored }
  const periods = read.rows.length - (ignored['doubled-row'] ?? 0)
  return { table: { grid, columns, periods, modifiedMs: newestModification(read.rows) }, ignored }
}

function newestModification(rows: Row[]): number | undefined {
  const times = rows.flatMap(({ cells }) => parseModifiedMs(cells.lastModifiedOn) ?? [])
  return times.length === 0 ? undefined : times.reduce((newest, time) => Math.max(newest, time))
}

/** Refuses rows without any known key: upstream may have renamed its columns, which must not look like an empty day. */
function noKey({ keys }: PeriodRows, rows: Row[]): Refusal {
  const names = rows.flatMap(({ cells }) => Object.keys(cells)).filter((name) => !columnsOfNoSeries.has(name))
  return refuseUnexpectedNames('the rows have the columns', names, keys)
}

type Column = (number | null)[]

function fillColumns(
  declared: PeriodRows,
  rows: Row[],
  window: Window,
  grid: Grid,
  ignored: Record<string, number>,
): Map<string, Column> | Refusal {
  const columns = new Map<string, Column>()
  const firstRowAt: (Row | undefined)[] = new Array(grid.length).fill(undefined)
  for (const row of rows) {
    const place = (row.timeMs - window.startMs) / 1000 / grid.stepS
    const earlier = firstRowAt[place]
    if (earlier) {
      const conflict = conflictOf(declared, earlier, row)
      if (conflict) return conflict
      ignored['doubled-row'] = (ignored['doubled-row'] ?? 0) + 1
      continue
    }
    firstRowAt[place] = row
    for (const key in row.cells) {
      const value = row.cells[key]
      let column = columns.get(key)
      if (column === undefined) {
        if (columnsOfNoSeries.has(key)) continue
        if (!declared.keyPattern.test(key)) {
          ignored['unknown-column'] = (ignored['unknown-column'] ?? 0) + 1
          continue
        }
        if (columns.size === declared.maxKeys) {
          return refused('too-many-keys', `more than ${declared.maxKeys} keys in one answer`)
        }
        column = new Array(grid.length).fill(null)
        columns.set(key, column)
      }
      if (value !== null && (typeof value !== 'number' || !Number.isFinite(value))) return wrongType(row, key, value)
      column[place] = value
    }
  }
  return columns
}

/** Refuses two rows of one time with different values. A key that one of the rows lacks counts as null. */
function conflictOf(declared: PeriodRows, first: Row, second: Row): Refusal | undefined {
  const keys = new Set([...Object.keys(first.cells), ...Object.keys(second.cells)])
  for (const key of keys) {
    if (!declared.keyPattern.test(key)) continue
    const [a, b] = [first.cells[key] ?? null, second.cells[key] ?? null]
    if (a === b) continue
    const message = `two rows of ${iso(first.timeMs)} differ in ${key}: ${quoteJson(a, 200)} and ${quoteJson(b, 200)}`
    return refused('conflicting-rows', message.slice(0, 500))
  }
  return undefined
}

const wrongType = (row: Row, key: string, value: unknown): Refusal =>
  refused('type', `${key} of ${iso(row.timeMs)} is no finite number: ${quoteJson(value)}`)

function toSlices(declared: PeriodRows, { columns, grid, modifiedMs: upstreamModifiedAtMs }: Table, window: Window) {
  const ofAll = grid.changed ? ['step-changed'] : []
  const contradicting = contradictions(declared.checks, columns, window)
  const { min, max } = declared.plausible ?? { min: -Infinity, max: Infinity }
  const slices: Slice[] = []
  for (const [key, values] of columns) {
    const flags = [...ofAll]
    if (values.some((value) => value !== null && (value < min || value > max))) flags.push('implausible')
    const slice: Slice = { key, startMs: window.startMs, stepS: grid.stepS, values, flags }
    const whole = upstreamModifiedAtMs === undefined ? slice : { ...slice, upstreamModifiedAtMs }
    slices.push(...sliceByFlags(whole, contradicting.get(key)))
  }
  return slices
}
