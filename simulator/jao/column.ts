import { hashText } from '../hash.ts'

/** One column of a simulated answer. Its values are between `low` and `high`, inclusive. */
export type Column = {
  readonly key: string
  readonly low: number
  readonly high: number
  readonly hash: number
  /** Values are multiples of 1/scale. Default 1. */
  readonly scale?: number
  /** Each quarter hour has its own value. Without it, the four quarter hours of an hour have equal values. */
  readonly quarterly?: boolean
  /** Share of hours without a value. Default 0. */
  readonly nullShare?: number
  /** Keys of other columns. If given, each value is the negative sum of their values instead of a random one. */
  readonly minus?: readonly string[]
  /** Key of the opposite direction. In each row the larger value of both remains, and the smaller one becomes 0. */
  readonly opposite?: string
}

export type ColumnRange = Omit<Column, 'key' | 'hash'>

export function column(key: string, range: ColumnRange): Column {
  return { key, hash: hashText(key), ...range }
}
