// Reads an answer with one row per period and one column per series. There are two ways to the same table: by columns for
// a plain answer, as upstream writes them, and by rows for any other. Only the second knows what is wrong with an answer.

import { readPlainTable } from '../answers/plain-table.ts'
import { isRefusal, quoteJson, refused, refuseUnexpectedNames } from '../answers/refusal.ts'
import { iso, parseModifiedMs, utcMs } from '../answers/times.ts'
import type { Check, DeclaredStep, Refusal, Window } from '../source.ts'
import { type Grid, gridOf } from './grid.ts'
import { type Row, readEnvelope, readRows } from './rows.ts'

/** What of such a dataset must be declared. */
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

export interface PeriodTable {
  grid: Grid
  /** The values of each key, one per step of the grid. A missing row or cell is null. */
  columns: Map<string, Column>
  /** Number of steps that have a row. */
  periods: number
  modifiedMs: number | undefined
}

type Column = (number | null)[]

export interface ReadTable {
  /** Absent if the answer is refused, or has no rows. */
  table?: PeriodTable
  refusal?: Refusal
  ignored: Record<string, number>
}

/** Reads an answer for explode and for assess. */
export const readTable = (declared: PeriodRows, body: Uint8Array, window: Window): ReadTable =>
  readTableByColumns(declared, body, window) ?? readTableByRows(declared, body, window)

const columnsOfNoSeries = new Set(['id', 'dateTimeUtc', 'lastModifiedOn'])

/**
 * Reads a plain answer from its bytes, with the result of readTableByRows. Returns undefined if the answer is refused, or
 * if it has anything unusual: no rows, two rows of one time, or a row outside the window or at its end.
 */
export function readTableByColumns(declared: PeriodRows, body: Uint8Array, window: Window): ReadTable | undefined {
  const plain = readPlainTable(body, 'data')
  if (plain === undefined || isRefusal(readEnvelope(plain.envelope))) return undefined
  const timesMs = timesOf(plain.texts.get('dateTimeUtc') ?? [null])
  if (timesMs === undefined) return undefined
  const grid = gridOf(timesMs, window, declared.steps)
  if (isRefusal(grid)) return undefined
  const places = timesMs.map((timeMs) => placeOf(timeMs, window, grid))
  if (new Set(places).size < places.length) return undefined
  if (places.some((place) => place < 0 || place >= grid.length)) return undefined
  const isInOrder = places.length === grid.length && places.every((place, row) => place === row)

  const columns = new Map<string, Column>()
  let unknown = 0
  for (const [name, cells] of plain.numbers) {
    if (columnsOfNoSeries.has(name)) continue
    if (declared.keyPattern.test(name)) columns.set(name, isInOrder ? cells : onGrid(cells, places, grid))
    else unknown++
  }
  for (const name of plain.texts.keys()) {
    if (columnsOfNoSeries.has(name)) continue
    if (declared.keyPattern.test(name)) return undefined
    unknown++
  }
  if (columns.size === 0 || columns.size > declared.maxKeys) return undefined
  const modifiedMs = newestModification(plain.texts.get('lastModifiedOn') ?? [])
  return {
    table: { grid, columns, periods: plain.rows, modifiedMs },
    ignored: unknown > 0 ? { 'unknown-column': unknown * plain.rows } : {},
  }
}

/** Returns the times of a column, ms UTC. Returns undefined if one of its texts is no UTC time. */
function timesOf(column: readonly (string | null)[]): number[] | undefined {
  const timesMs: number[] = []
  for (const text of column) {
    const timeMs = text === null ? undefined : utcMs(text)
    if (timeMs === undefined) return undefined
    timesMs.push(timeMs)
  }
  return timesMs
}

const placeOf = (timeMs: number, window: Window, { stepS }: Grid): number => (timeMs - window.startMs) / 1000 / stepS

function onGrid(cells: Column, places: readonly number[], { length }: Grid): Column {
  const values: Column = new Array(length).fill(null)
  for (const [row, place] of places.entries()) values[place] = cells[row] as number | null
  return values
}

/** Reads any answer by JSON.parse, row by row. */
export function readTableByRows(declared: PeriodRows, body: Uint8Array, window: Window): ReadTable {
  const read = readRows(body, window)
  if (isRefusal(read)) return { refusal: read, ignored: {} }
  const ignored: Record<string, number> = read.atWindowEnd > 0 ? { 'row-at-window-end': read.atWindowEnd } : {}
  if (read.rows.length === 0) return { ignored }
  const grid = gridOf(
    read.rows.map(({ timeMs }) => timeMs),
    window,
    declared.steps,
  )
  if (isRefusal(grid)) return { refusal: grid, ignored }
  const columns = fillColumns(declared, read.rows, window, grid, ignored)
  if (!(columns instanceof Map)) return { refusal: columns, ignored }
  if (columns.size === 0) return { refusal: noKey(declared, read.rows), ignored }
  const periods = read.rows.length - (ignored['doubled-row'] ?? 0)
  return {
    table: {
      grid,
      columns,
      periods,
      modifiedMs: newestModification(read.rows.map(({ cells }) => cells.lastModifiedOn)),
    },
    ignored,
  }
}

function newestModification(texts: readonly unknown[]): number | undefined {
  const timesMs = texts.flatMap((text) => parseModifiedMs(text) ?? [])
  return timesMs.length === 0 ? undefined : timesMs.reduce((newest, timeMs) => Math.max(newest, timeMs))
}

/** Refuses rows without any known key: upstream may have renamed its columns, which must not look like an empty day. */
function noKey({ keys }: PeriodRows, rows: Row[]): Refusal {
  const names = rows.flatMap(({ cells }) => Object.keys(cells)).filter((name) => !columnsOfNoSeries.has(name))
  return refuseUnexpectedNames('the rows have the columns', names, keys)
}

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
    const place = placeOf(row.timeMs, window, grid)
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
