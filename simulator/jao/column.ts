import { hashText } from '../hash.ts'

/** One column of a dataset's rows: the key as upstream spells it and the range (both ends included) of its values. */
export type Column = {
  readonly key: string
  readonly low: number
  readonly high: number
  readonly hash: number
  /** Values are whole multiples of 1/scale; 1 unless it says so. */
  readonly scale?: number
  /** Each quarter hour has a value of its own; else the four of an hour are equal. */
  readonly quarterly?: boolean
  /** Share of the hours in which upstream gives no value, 0 unless it says so, 1 for a column that never has one. */
  readonly nullShare?: number
  /** Not drawn: the negative sum of these columns of the row. */
  readonly minus?: readonly string[]
}

/** What columns of one kind have in common. */
export type ColumnRange = Omit<Column, 'key' | 'hash'>

export function column(key: string, range: ColumnRange): Column {
  return { key, hash: hashText(key), ...range }
}
