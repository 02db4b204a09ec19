import { hashText } from '../hash.ts'

/** `low` and `high` are inclusive. */
export type Column = {
  readonly key: string
  readonly low: number
  readonly high: number
  readonly hash: number
  /** Values are multiples of 1/scale. Default 1. */
  readonly scale?: number
  /** Each quarter hour has its own value. Otherwise the four of an hour are equal. */
  readonly quarterly?: boolean
  /** Share of hours without a value. Default 0. */
  readonly nullShare?: number
  /** Not drawn: the negative sum of these columns. */
  readonly minus?: readonly string[]
}

export type ColumnRange = Omit<Column, 'key' | 'hash'>

export function column(key: string, range: ColumnRange): Column {
  return { key, hash: hashText(key), ...range }
}
