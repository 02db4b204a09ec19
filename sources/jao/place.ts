import { isRefusal } from '../answers/refusal.ts'
import type { Answer } from '../source.ts'
import type { PeriodRows } from './period-rows.ts'
import { readRows } from './rows.ts'

/**
 * The path to a series' cell at a time, inside the answer's JSON: ['data', 17, 'border_AT_BE']. Undefined where the
 * answer has no such cell, which explode takes for a null, or cannot be read. Of a doubled row the first.
 */
export function placeInPeriodRows(
  { keyPattern }: PeriodRows,
  { body, window }: Answer,
  key: string,
  atMs: number,
): (string | number)[] | undefined {
  const read = readRows(body, window)
  if (isRefusal(read) || !keyPattern.test(key)) return undefined
  const row = read.rows.find(({ timeMs }) => timeMs === atMs)
  return row && Object.hasOwn(row.cells, key) ? ['data', row.index, key] : undefined
}
