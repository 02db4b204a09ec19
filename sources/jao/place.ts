import { isRefusal } from '../answers/refusal.ts'
import type { Answer } from '../source.ts'
import type { PeriodRows } from './period-table.ts'
import { readRows } from './rows.ts'

/** Returns the path to a value in the JSON: ['data', 17, 'border_AT_BE']. Undefined if the answer has no such cell. */
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
